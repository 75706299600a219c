// oauth2-mock-server as scripts/bench --peers measures it: as it is by default,
// with an RSA key.
import { OAuth2Server } from 'oauth2-mock-server'

const server = new OAuth2Server()
await server.issuer.keys.generate('RS256')
await server.start(0, '127.0.0.1')
console.log('oauth2-mock-server listens on http://127.0.0.1:' + server.address().port)
