// Loaded before the bundle by NODE_OPTIONS: writes down every place that the process connects to, or asks the name of.
const dns = require('node:dns')
const { appendFileSync } = require('node:fs')
const net = require('node:net')

const note = (place) => appendFileSync(process.env.SOCKET_GUARD_FILE, `${place}\n`)
const { connect } = net.Socket.prototype
// This port of this machine stands for every other host in a test where no name can be looked up.
const port = Number(process.env.SOCKET_GUARD_PORT ?? 0)
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given
  note(
    typeof options === 'object' ? (options.path ?? `${options.host ?? 'localhost'}:${options.port}`) : given.join(':'),
  )
  if (port > 0 && typeof options === 'object' && options.host !== '127.0.0.1') {
    options.host = '127.0.0.1'
    options.port = port
  }
  return connect.apply(this, given)
}
const { lookup } = dns
dns.lookup = (name, ...rest) => {
  note(`name ${name}`)
  if (process.env.SOCKET_GUARD_UNRESOLVED !== undefined && name !== 'localhost') {
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name })
    return process.nextTick(rest.at(-1), error)
  }
  return lookup(name, ...rest)
}
