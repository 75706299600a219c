// oidc-provider as scripts/bench --peers measures it: a plain map instead of
// its store of 1,000 entries, opaque tokens, one user who is logged in already
// and has consented to everything.
import { generateKeyPairSync } from 'node:crypto'
import http from 'node:http'
import Provider from 'oidc-provider'

const kept = new Map()
const grants = new Map()

class Store {
  constructor(name) { this.name = name }
  key(id) { return this.name + ' ' + id }
  async upsert(id, payload) {
    kept.set(this.key(id), payload)
    if (payload.grantId) {
      const of = grants.get(payload.grantId) ?? []
      of.push(this.key(id))
      grants.set(payload.grantId, of)
    }
    if (payload.uid) kept.set(this.name + ' uid ' + payload.uid, payload)
  }
  async find(id) { return kept.get(this.key(id)) }
  async findByUid(uid) { return kept.get(this.name + ' uid ' + uid) }
  async findByUserCode() { return undefined }
  async consume(id) { kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000) }
  async destroy(id) { kept.delete(this.key(id)) }
  async revokeByGrantId(grant) {
    for (const key of grants.get(grant) ?? []) kept.delete(key)
    grants.delete(grant)
  }
}

const server = http.createServer()
server.listen(0, '127.0.0.1', async () => {
  const origin = `http://127.0.0.1:${server.address().port}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let standing
  const provider = new Provider(origin, {
    adapter: Store,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    clients: [
      { client_id: 'dev-confidential-client', client_secret: 'dev-confidential-secret', token_endpoint_auth_method: 'client_secret_post', grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope: 'mcp:read' },
      { client_id: 'dev-public-client', token_endpoint_auth_method: 'none', redirect_uris: ['https://client.example/callback'] },
    ],
    scopes: ['openid', 'mcp:read'],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    loadExistingGrant: () => standing,
  })
  standing = new provider.Grant({ accountId: 'test-user', clientId: 'dev-public-client' })
  standing.addOIDCScope('openid mcp:read')
  await standing.save(86400)
  const session = new provider.Session({})
  session.loginAccount({ accountId: 'test-user' })
  await session.save(86400)
  const serve = provider.callback()
  server.on('request', (request, response) => {
    if (request.url !== '/cookie') return serve(request, response)
    const body = '_session=' + session.jti
    response.writeHead(200, { 'Content-Length': body.length })
    response.end(body)
  })
  console.log('oidc-provider listens on ' + origin)
})
