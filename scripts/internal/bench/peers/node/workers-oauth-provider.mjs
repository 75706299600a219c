// workers-oauth-provider as scripts/bench --peers measures it: in workerd, with
// a plain map for its KV namespace, a user who approves at once, and none of
// the user's earlier grants looked through.
import { OAuthProvider } from 'oauth-provider.js'

const kept = new Map()
const env = {
  OAUTH_KV: {
    async get (key, options) {
      const text = kept.get(key) ?? null
      return text !== null && (options?.type ?? options) === 'json' ? JSON.parse(text) : text
    },
    async put (key, text) { kept.set(key, text) },
    async delete (key) { kept.delete(key) },
    async list () { return { keys: [], list_complete: true } },
  },
}

const client = 'dev-public-client'
const pong = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\\"pong\\":true}"}],"structuredContent":{"pong":true},"isError":false}}'

let provider
const made = (origin) => new OAuthProvider({
  resourceMetadata: { resource: origin + '/mcp/oauth' },
  apiRoute: '/mcp/oauth',
  apiHandler: { fetch: () => new Response(pong, { headers: { 'Content-Type': 'application/json' } }) },
  authorizeEndpoint: '/oauth/authorize',
  tokenEndpoint: '/oauth/token',
  scopesSupported: ['mcp:read'],
  defaultHandler: {
    async fetch (request, { OAUTH_PROVIDER: oauth }) {
      if (!kept.has('client:' + client)) { // ids are given, so a record is moved
        const { clientId } = await oauth.createClient({ redirectUris: ['http://127.0.0.1:7777/callback'], tokenEndpointAuthMethod: 'none' })
        kept.set('client:' + client, kept.get('client:' + clientId).replace(clientId, client))
      }
      const asked = await oauth.parseAuthRequest(request)
      const { redirectTo } = await oauth.completeAuthorization({ request: asked, userId: 'test-user', metadata: {}, scope: asked.scope, props: {}, revokeExistingGrants: false })
      return new Response(null, { status: 302, headers: { Location: redirectTo } })
    },
  },
})

export default {
  fetch (request, _, ctx) {
    provider ??= made(new URL(request.url).origin)
    return provider.fetch(request, { ...env }, ctx)
  },
}
