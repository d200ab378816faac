// Loaded before the bundle by NODE_OPTIONS: writes down every place that the process connects to, or asks the name of.
const dns = require('node:dns')
const { appendFileSync } = require('node:fs')
const net = require('node:net')

const note = (place) => appendFileSync(process.env.SOCKET_GUARD_FILE, `${place}\n`)
const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given
  note(
    typeof options === 'object' ? (options.path ?? `${options.host ?? 'localhost'}:${options.port}`) : given.join(':'),
  )
  return connect.apply(this, given)
}
const { lookup } = dns
dns.lookup = (name, ...rest) => {
  note(`name ${name}`)
  return lookup(name, ...rest)
}
