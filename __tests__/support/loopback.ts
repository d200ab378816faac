/** Makes a connection from the process of a test to another machine an error. Node's own modules are shared by all test files. */
import { BlockList, isIP, isIPv6, Socket } from 'node:net'

const here = new BlockList()
here.addSubnet('127.0.0.0', 8)
here.addAddress('::1', 'ipv6')

const isHere = (host: string) =>
  isIP(host) === 0 ? /^(.+\.)?localhost$/.test(host) : here.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')

const guarded = Symbol.for('tenant-tables: guarded')
// The loosest overload, because net calls it in a form of its own.
const prototype = Socket.prototype as unknown as { connect: (...given: unknown[]) => Socket; [guarded]?: true }
if (prototype[guarded] === undefined) {
  prototype[guarded] = true
  const { connect } = prototype
  prototype.connect = function (this: Socket, ...given) {
    // net passes a list of options and listener; other callers pass options, or port and host.
    const [options, host] = Array.isArray(given[0]) ? given[0] : given
    const target = typeof options === 'object' && options !== null ? options : { host }
    const to = 'path' in target && target.path ? 'localhost' : String(target.host ?? 'localhost')
    if (!isHere(to)) throw new Error(`A test connects to ${to}, which is not this machine.`)
    return connect.apply(this, given)
  }
}
