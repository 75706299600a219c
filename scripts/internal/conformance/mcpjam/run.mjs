// Runs MCPJam's OAuth conformance test once, headless, and prints its steps as
// the suite would: run.mjs SERVER-URL REVISION STRATEGY. The server approves
// by itself. A client's metadata document is served here, on loopback.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { OAuthConformanceTest } from '@mcpjam/sdk'

const [serverUrl, protocolVersion, registrationStrategy] = process.argv.slice(2)
const redirectUrl = 'http://127.0.0.1:7777/callback' // nobody listens: the test reads the Location

const { CERTIFICATE, CERTIFICATE_KEY } = process.env
const documents = createServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(CERTIFICATE_KEY) }, (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ client_id: documentUrl(), client_name: 'MCPJam', redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' }))
})
await new Promise(resolve => documents.listen(0, '127.0.0.1', resolve))
function documentUrl () { return `https://127.0.0.1:${documents.address().port}/client.json` }

const client = {
  dcr: {},
  preregistered: { preregistered: { clientId: 'dev-public-client' } },
  cimd: { clientIdMetadataUrl: documentUrl() }
}[registrationStrategy]

const result = await new OAuthConformanceTest({
  serverUrl, protocolVersion, registrationStrategy, client, redirectUrl,
  auth: { mode: 'headless' },
  scopes: 'mcp:read',
  oauthConformanceChecks: true,
  stepTimeout: 10_000,
  verification: { listTools: true }
}).run()
documents.close()

const status = { passed: 'SUCCESS', failed: 'FAILURE', skipped: 'SKIPPED' }
const checks = result.steps.map(s => ({ id: s.step, description: s.summary, status: status[s.status], errorMessage: s.error?.message }))
if (result.verification) {
  const { listTools } = result.verification
  checks.push({ id: 'list_tools', description: 'lists tools with the token', status: listTools?.passed ? 'SUCCESS' : 'FAILURE', errorMessage: listTools?.error })
}
console.log(JSON.stringify(checks))
process.exit(result.passed ? 0 : 1)
