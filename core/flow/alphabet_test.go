package flow

import (
	"errors"
	"strings"

	"mcp-auth/core/message"
)

const (
	wResource = "https://mcp.example"
	wURL      = wResource + "/mcp"
	wIssuer   = "https://as.example"
	wRedirect = "http://127.0.0.1:7777/callback"
	wState    = "our-own-state-value-123"
)

var wVerifier = strings.Repeat("v", 43)

func jsonAnswer(status int, body string, fields ...message.Field) Response {
	h := append(message.Header{{Name: "Content-Type", Value: "application/json"}}, fields...)
	return Response{message.Response{Status: status, Header: h, Body: []byte(body)}}
}

func challenge(status int, value string) Response {
	return jsonAnswer(status, "{}", message.Field{Name: "WWW-Authenticate", Value: value})
}

func redirect(status int, location string) Response {
	return Response{message.Response{Status: status, Header: message.Header{{Name: "Location", Value: location}}}}
}

const wMetadata = `{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize","token_endpoint":"https://as.example/token","registration_endpoint":"https://as.example/register",` +
	`"device_authorization_endpoint":"https://as.example/device","response_types_supported":["code"],"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true,` +
	`"grant_types_supported":["authorization_code","client_credentials","urn:ietf:params:oauth:grant-type:device_code"]}`

func metadata(old, new string) Response {
	return jsonAnswer(200, strings.Replace(wMetadata, old, new, 1))
}

// discovery is what resources and their servers may answer while they are
// looked up: good ones among bad ones.
var discovery = map[string]Response{
	"challenge":            challenge(401, `Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp", scope="mcp:read"`),
	"challenge bare":       challenge(401, `Bearer`),
	"challenge elsewhere":  challenge(401, `Bearer resource_metadata="http://169.254.169.254/x"`),
	"challenge broken":     challenge(401, `Bearer resource_metadata="x`),
	"challenge twice":      challenge(401, `Bearer resource_metadata="https://mcp.example/a", Bearer resource_metadata="https://mcp.example/b"`),
	"prm":                  jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["https://as.example"],"bearer_methods_supported":["header"]}`),
	"prm parent":           jsonAnswer(200, `{"resource":"https://mcp.example","authorization_servers":["https://as.example"],"scopes_supported":["mcp:read"]}`),
	"prm two":              jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["https://as.example","https://as.example/tenant","https://as.example"]}`),
	"prm none":             jsonAnswer(200, `{"resource":"https://mcp.example/mcp","bearer_methods_supported":["header"]}`),
	"prm foreign":          jsonAnswer(200, `{"resource":"https://evil.example/mcp","authorization_servers":["https://as.example"]}`),
	"prm loopback as":      jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["http://127.0.0.1:1","https://localhost.:2"]}`),
	"prm number":           jsonAnswer(200, `{"resource":7,"authorization_servers":["https://as.example"]}`),
	"metadata":             jsonAnswer(200, wMetadata),
	"metadata tenant":      metadata(`"https://as.example"`, `"https://as.example/tenant"`),
	"metadata slash":       metadata(`"https://as.example"`, `"https://as.example/"`),
	"metadata no S256":     metadata(`"S256"`, `"plain"`),
	"metadata quiet":       metadata(`"authorization_response_iss_parameter_supported":true,`, ``),
	"metadata secret only": metadata(`{`, `{"token_endpoint_auth_methods_supported":["private_key_jwt","client_secret_post"],`),
	"metadata closed":      metadata(`"registration_endpoint":"https://as.example/register",`, ``),
	"metadata push":        metadata(`{`, `{"require_pushed_authorization_requests":true,"pushed_authorization_request_endpoint":"https://as.example/par",`),
	"metadata push away":   metadata(`{`, `{"pushed_authorization_request_endpoint":"http://127.0.0.1:9/par",`),
	"metadata no grants":   metadata(`"grant_types_supported"`, `"grants"`),
	"metadata script":      metadata("https://as.example/authorize", "javascript:alert(1)"),
	"metadata loopback":    metadata("https://as.example/token", "http://127.0.0.1:9/token"),
	"redirect away":        redirect(302, "https://evil.example/"),
	"redirect here":        redirect(302, "/elsewhere"),
	"redirect disguised":   redirect(302, "https://as.example@evil.example/"),
	"redirect nowhere":     redirect(307, ""),
}

// registrations, devices and tokens are what an authorization server may answer.
var registrations = map[string]Response{
	"registration":             jsonAnswer(201, `{"client_id":"c1","redirect_uris":["http://127.0.0.1:7777/callback"]}`),
	"registration secret":      jsonAnswer(201, `{"client_id":"c1","client_secret":"s3cret-s3cret","redirect_uris":["http://127.0.0.1:7777/callback"],"token_endpoint_auth_method":"client_secret_post"}`),
	"registration basic":       jsonAnswer(201, `{"client_id":"c1","client_secret":"s3cret-s3cret","redirect_uris":["http://127.0.0.1:7777/callback"]}`),
	"registration silent":      jsonAnswer(201, `{"client_id":"c1"}`),
	"registration moved":       jsonAnswer(201, `{"client_id":"c1","redirect_uris":["https://evil.example/"]}`),
	"registration secretless":  jsonAnswer(201, `{"client_id":"c1","redirect_uris":["http://127.0.0.1:7777/callback"],"token_endpoint_auth_method":"client_secret_basic"}`),
	"registration key":         jsonAnswer(201, `{"client_id":"c1","client_secret":"s3cret-s3cret","redirect_uris":["http://127.0.0.1:7777/callback"],"token_endpoint_auth_method":"private_key_jwt"}`),
	"registration public":      jsonAnswer(201, `{"client_id":"c1","client_secret":"s3cret-s3cret","redirect_uris":["http://127.0.0.1:7777/callback"],"token_endpoint_auth_method":"none"}`),
	"registration control":     jsonAnswer(201, `{"client_id":"c\u0007","redirect_uris":["http://127.0.0.1:7777/callback"]}`),
	"registration huge":        jsonAnswer(201, `{"client_id":"`+strings.Repeat("a", 3000)+`","redirect_uris":["http://127.0.0.1:7777/callback"]}`),
	"registration no redirect": jsonAnswer(400, `{"error":"invalid_redirect_uri"}`),
}

var devices = map[string]Response{
	"device":          jsonAnswer(200, `{"device_code":"the-device-code","user_code":"u","verification_uri":"https://as.example/v","expires_in":20,"interval":5}`),
	"device huge":     jsonAnswer(200, `{"device_code":"the-device-code","user_code":"u","verification_uri":"https://as.example/v","expires_in":200,"interval":99999}`),
	"device text":     jsonAnswer(200, `{"device_code":"the-device-code","user_code":"u","verification_uri":"https://as.example/v","expires_in":20,"interval":"5"}`),
	"device script":   jsonAnswer(200, `{"device_code":"the-device-code","user_code":"u","verification_uri":"javascript:x","expires_in":20}`),
	"device complete": jsonAnswer(200, `{"device_code":"the-device-code","user_code":"u","verification_uri":"https://as.example/v","verification_uri_complete":"file:///etc/passwd","expires_in":20}`),
	"device negative": jsonAnswer(200, `{"device_code":"the-device-code","user_code":"u","verification_uri":"https://as.example/v","expires_in":20,"interval":-1}`),
	"device dead":     jsonAnswer(200, `{"device_code":"the-device-code","user_code":"u","verification_uri":"https://as.example/v","expires_in":0}`),
	"device codeless": jsonAnswer(200, `{"user_code":"u","verification_uri":"https://as.example/v","expires_in":20}`),
}

// pushes are what a pushed authorization request endpoint may answer.
var pushes = map[string]Response{
	"pushed":         jsonAnswer(201, `{"request_uri":"urn:ietf:params:oauth:request_uri:the-pushed-request","expires_in":60}`),
	"pushed 200":     jsonAnswer(200, `{"request_uri":"urn:ietf:params:oauth:request_uri:x","expires_in":60}`),
	"pushed nothing": jsonAnswer(201, `{"expires_in":60}`),
	"pushed CRLF":    jsonAnswer(201, `{"request_uri":"urn:x\r\ny","expires_in":60}`),
	"pushed expired": jsonAnswer(201, `{"request_uri":"urn:x","expires_in":0}`),
}

var tokens = map[string]Response{
	"token":          jsonAnswer(200, `{"access_token":"good-token","token_type":"Bearer","expires_in":3600,"scope":"mcp:read"}`),
	"token wide":     jsonAnswer(200, `{"access_token":"good-token","token_type":"bearer","scope":"mcp:read mcp:admin","refresh_token":"new-refresh"}`),
	"token bare":     jsonAnswer(200, `{"access_token":"good-token","token_type":"Bearer"}`),
	"token dpop":     jsonAnswer(200, `{"access_token":"good-token","token_type":"DPoP"}`),
	"nonce":          jsonAnswer(400, `{"error":"use_dpop_nonce"}`, message.Field{Name: "DPoP-Nonce", Value: "n1"}),
	"nonce other":    jsonAnswer(400, `{"error":"use_dpop_nonce"}`, message.Field{Name: "DPoP-Nonce", Value: "n2"}),
	"nonce missing":  jsonAnswer(400, `{"error":"use_dpop_nonce"}`),
	"token mac":      jsonAnswer(200, `{"access_token":"t","token_type":"mac"}`),
	"token CRLF":     jsonAnswer(200, `{"access_token":"t\r\nX: y","token_type":"Bearer"}`),
	"token empty":    jsonAnswer(200, `{"access_token":"","token_type":"Bearer"}`),
	"token number":   jsonAnswer(200, `{"access_token":1,"token_type":"Bearer"}`),
	"token twice":    jsonAnswer(200, `{"access_token":"good-token","access_token":"x","token_type":"Bearer"}`),
	"token created":  jsonAnswer(201, `{"access_token":"good-token","token_type":"Bearer"}`),
	"pending":        jsonAnswer(400, `{"error":"authorization_pending"}`),
	"slow_down":      jsonAnswer(400, `{"error":"slow_down"}`),
	"slow_down 429":  jsonAnswer(429, `{"error":"slow_down"}`),
	"denied":         jsonAnswer(400, `{"error":"access_denied"}`),
	"expired":        jsonAnswer(400, `{"error":"expired_token"}`),
	"invalid_grant":  jsonAnswer(400, `{"error":"invalid_grant"}`),
	"invalid_client": jsonAnswer(401, `{"error":"invalid_client"}`),
	"error with 200": jsonAnswer(200, `{"error":"invalid_grant"}`),
}

// odd is what anything may answer to anything.
var odd = map[string]Response{
	"null":    jsonAnswer(200, `null`),
	"object":  jsonAnswer(200, `{}`),
	"array":   jsonAnswer(200, `[]`),
	"text":    jsonAnswer(200, `"x"`),
	"nothing": jsonAnswer(200, ``),
	"deep":    jsonAnswer(200, strings.Repeat("[", 100)),
	"html":    {message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/html"}}, Body: []byte("<html>")}},
	"204":     {message.Response{Status: 204}},
	"404":     {message.Response{Status: 404}},
	"429":     {message.Response{Status: 429}},
	"500":     {message.Response{Status: 500}},
}

func callback(method, url string, fields ...message.Field) Callback {
	return Callback{message.Request{Method: method, URL: url, Header: fields}}
}

const good = wRedirect + "?code=the-code&state=" + wState + "&iss=https%3A%2F%2Fas.example"

// callbacks are what may reach the redirect listener.
var callbacks = map[string]Callback{
	"good":           callback("GET", good),
	"other state":    callback("GET", strings.Replace(good, wState, "other", 1)),
	"state cut":      callback("GET", strings.Replace(good, wState, wState[:len(wState)-1], 1)),
	"no state":       callback("GET", wRedirect+"?code=the-code&iss=https%3A%2F%2Fas.example"),
	"state twice":    callback("GET", good+"&state="+wState),
	"only error":     callback("GET", wRedirect+"?error=access_denied"),
	"denied":         callback("GET", wRedirect+"?error=access_denied&state="+wState+"&iss=https%3A%2F%2Fas.example"),
	"refused":        callback("GET", wRedirect+"?error=invalid_scope&error_description=x&state="+wState+"&iss=https%3A%2F%2Fas.example"),
	"denied no iss":  callback("GET", wRedirect+"?error=access_denied&state="+wState),
	"other iss":      callback("GET", strings.Replace(good, "as.example", "evil.example", 1)),
	"iss and slash":  callback("GET", good+"%2F"),
	"iss upper":      callback("GET", strings.Replace(good, "as.example", "AS.example", 1)),
	"iss twice":      callback("GET", good+"&iss=https%3A%2F%2Fas.example"),
	"no iss":         callback("GET", wRedirect+"?code=the-code&state="+wState),
	"code twice":     callback("GET", good+"&code=other"),
	"code and error": callback("GET", good+"&error=x"),
	"neither":        callback("GET", wRedirect+"?state="+wState+"&iss=https%3A%2F%2Fas.example"),
	"post":           callback("POST", good),
	"head":           callback("HEAD", good),
	"favicon":        callback("GET", "http://127.0.0.1:7777/favicon.ico"),
	"path and slash": callback("GET", strings.Replace(good, "/callback", "/callback/", 1)),
	"foreign host":   callback("GET", strings.Replace(good, "127.0.0.1:7777", "evil.example", 1)),
	"other port":     callback("GET", strings.Replace(good, ":7777", ":7778", 1)),
	"foreign origin": callback("GET", good, message.Field{Name: "Origin", Value: "https://evil.example"}),
	"null origin":    callback("GET", good, message.Field{Name: "Origin", Value: "null"}),
	"garbage":        callback("GET", wRedirect+"?%zz"),
}

func merge(maps ...map[string]Response) map[string]Event {
	all := map[string]Event{}
	for _, m := range maps {
		for name, r := range m {
			all[name] = r
		}
	}
	return all
}

var allResponses = merge(discovery, registrations, devices, pushes, tokens, odd)

// everything is each event of a kind, whatever the state.
func everything(_ State, on Kind) map[string]Event {
	switch on {
	case OnStart:
		return map[string]Event{"start": Start{}}
	case OnTimer:
		return map[string]Event{"timer": Timer{}, "early": Timer{}}
	case OnTrouble:
		return map[string]Event{"trouble": Trouble{errors.New("no route")}}
	case OnCallback:
		all := map[string]Event{}
		for name, c := range callbacks {
			all[name] = c
		}
		return all
	}
	return allResponses
}

// afterDiscovery leaves, of what a resource may answer while it is looked up,
// one of each outcome: TestWalkDiscover tries the rest in the same rows.
func afterDiscovery(state State, on Kind) map[string]Event {
	if on != OnResponse || state != Probing && state != FetchingResource && state != FetchingServer {
		return everything(state, on)
	}
	few := map[string]Event{}
	for _, name := range [...]string{"challenge", "challenge bare", "prm", "prm parent", "prm two", "prm none", "prm foreign", "metadata", "metadata tenant", "metadata no S256",
		"metadata quiet", "metadata secret only", "metadata closed", "metadata push", "metadata loopback", "404"} {
		few[name] = allResponses[name]
	}
	return few
}
