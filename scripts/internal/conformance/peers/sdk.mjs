// Logs the official TypeScript SDK in to a server and calls whoami:
// sdk.mjs v1|v2 SERVER-URL. The server approves by itself; the redirect is
// read, not followed.
const [generation, url] = process.argv.slice(2)
const { Client, StreamableHTTPClientTransport } = generation === 'v1'
  ? { ...await import('@modelcontextprotocol/sdk/client/index.js'), ...await import('@modelcontextprotocol/sdk/client/streamableHttp.js') }
  : await import('@modelcontextprotocol/client')

const redirectUrl = 'http://127.0.0.1:7777/callback' // nobody listens
const kept = {}
let callback

const authProvider = {
  redirectUrl,
  clientMetadata: { client_name: `TypeScript SDK ${generation}`, redirect_uris: [redirectUrl], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' },
  state: () => 'state-of-this-login',
  clientInformation: () => kept.client,
  saveClientInformation: client => { kept.client = client },
  tokens: () => kept.tokens,
  saveTokens: tokens => { kept.tokens = tokens },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: verifier => { kept.verifier = verifier },
  discoveryState: () => kept.discovery,
  saveDiscoveryState: state => { kept.discovery = state },
  async redirectToAuthorization (authorizationUrl) {
    const reply = await fetch(authorizationUrl, { redirect: 'manual' })
    callback = new URL(reply.headers.get('location'))
  }
}

const transport = () => new StreamableHTTPClientTransport(new URL(url), { authProvider })
const client = new Client({ name: 'interop', version: '1' })
const first = transport()
try {
  await client.connect(first)
  throw new Error('connected without a login')
} catch (error) {
  if (callback === undefined) throw error
  const q = callback.searchParams
  if (!callback.href.startsWith(redirectUrl) || q.get('state') !== 'state-of-this-login') throw new Error(`an odd redirect: ${callback}`)
  await first.finishAuth(generation === 'v1' ? q.get('code') : q)
}
await client.connect(transport())
const { tools } = await client.listTools()
const { content } = await client.callTool({ name: 'whoami', arguments: {} })
console.log(tools.length, 'tools', content[0].text)
await client.close()
process.exit(0)
