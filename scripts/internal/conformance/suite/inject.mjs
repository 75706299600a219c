// Gives every request to one origin an access token: the suite's server mode
// has no option for one. Loaded with node --import; CONFORMANCE_ORIGIN and
// CONFORMANCE_TOKEN say where and what. The suite asks through fetch, undici
// and node:http, so there are three hooks.
import http from 'node:http'
import { createRequire, syncBuiltinESMExports } from 'node:module'

const { CONFORMANCE_ORIGIN: origin, CONFORMANCE_TOKEN: token } = process.env
const { getGlobalDispatcher, setGlobalDispatcher } = createRequire(process.argv[1])('undici')

const fetchAsItIs = globalThis.fetch
globalThis.fetch = (input, init) => {
  const request = new Request(input, init)
  if (new URL(request.url).origin !== origin || request.headers.has('authorization')) return fetchAsItIs(input, init)
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
  headers.set('authorization', `Bearer ${token}`)
  return fetchAsItIs(input, { ...init, headers })
}

setGlobalDispatcher(getGlobalDispatcher().compose((dispatch) => (options, handler) => {
  if (String(options.origin) === origin) options = { ...options, headers: authorized(options.headers) }
  return dispatch(options, handler)
}))

const requestAsItIs = http.request
http.request = (options, ...rest) => {
  if (`http://${options.hostname}:${options.port}` === origin) options = { ...options, headers: authorized(options.headers) }
  return requestAsItIs(options, ...rest)
}
syncBuiltinESMExports()

// authorized adds the token to headers in each form that undici takes.
function authorized (headers) {
  const all = Array.isArray(headers)
    ? Array.from({ length: headers.length / 2 }, (_, i) => [String(headers[2 * i]), headers[2 * i + 1]])
    : [...(headers?.[Symbol.iterator] ? headers : Object.entries(headers ?? {}))]
  if (!all.some(([name]) => name.toLowerCase() === 'authorization')) all.push(['authorization', `Bearer ${token}`])
  return Object.fromEntries(all)
}
