// What is kept: one record type a table. No record holds a secret; the key of
// a record is the hash of the secret that finds it.
package authserver

import (
	"crypto/sha256"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/keyring"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// Terms are what was granted, shared by all records that say the same.
type Terms struct {
	Client   string
	Subject  string
	Scope    string
	Resource string
	Key      string // thumbprint of the key that tokens are bound to (RFC 9449); empty: bearer
}

// Client is a registered client.
type Client struct {
	oauth.ClientMetadata
	Secret [sha256.Size]byte // hash of the client secret; unused with method none
	Used   bool              // it has been sent to a token or authorization endpoint once
	Seeded bool

	Document bool // it is described by the document at its identifier; never stored
}

// Transaction is one consent page: a validated authorization request and the
// browser that was shown it.
type Transaction struct {
	Terms       Terms
	RedirectURI string
	State       string
	Challenge   string
	Browser     table.Key // hash of the cookie that the page came with
	Decided     bool
}

// Code is an authorization code. Grant is zero until it is redeemed.
type Code struct {
	Terms       unique.Handle[Terms]
	RedirectURI string
	Challenge   string
	Grant       table.Key
}

// Grant is what all tokens of one consent hang on: take it and they are dead.
type Grant struct {
	Terms      unique.Handle[Terms]
	Generation uint32 // of the one refresh token that is current
}

// Access is an access token. Grant is zero when nothing can be revoked
// together with it.
type Access struct {
	Terms unique.Handle[Terms]
	Grant table.Key
}

// Refresh is a refresh token; it is current while its generation is the
// grant's.
type Refresh struct {
	Grant      table.Key
	Generation uint32
}

// A DeviceState is how far a device authorization has come.
type DeviceState uint8

const (
	DevicePending DeviceState = iota
	DeviceApproved
	DeviceDenied
	DeviceRedeemed
)

// Device is a device authorization. Its record outlives ExpiresAt, so that a
// late poll is told expired_token.
type Device struct {
	Terms     Terms
	State     DeviceState
	ExpiresAt int64 // Unix nanoseconds
	LastPoll  int64 // Unix nanoseconds; 0: none yet
	Interval  int64 // nanoseconds
	Grant     table.Key
}

// DevicePage is one confirmation page for one user code.
type DevicePage struct {
	Device  table.Key
	Code    table.Key // of the user code that was shown
	Browser table.Key
}

// PushedRecord is a pushed authorization request, checked, with its redirect
// URI resolved.
type PushedRecord struct{ exchange.AuthorizationRequest }

// Throttle counts what one client or address did since the record was made.
type Throttle struct{ Count int32 }

// Tables is where everything is kept.
type Tables struct {
	Clients      table.Table[Client]
	Transactions table.Table[Transaction]
	Codes        table.Table[Code]
	Grants       table.Table[Grant]
	Access       table.Table[Access]
	Refresh      table.Table[Refresh]
	Devices      table.Table[Device]
	UserCodes    table.Table[table.Key]
	DevicePages  table.Table[DevicePage]
	Pushed       table.Table[PushedRecord]
	Throttles    table.Table[Throttle]
	Guesses      table.Table[Throttle] // of user codes, by address: apart, so that guessers crowd out nobody's device
	Spent        table.Table[struct{}] // names of signed statements that are good once
	Keys         table.Table[[]keyring.Key]
}

// Records of kinds that no limit speaks of.
const (
	maxThrottles = 50_000
	maxGuesses   = 50_000
	maxKeys      = 1_000
)

// heaviest is how many bytes the records of one kind may have together, where
// whoever sends them chooses their length: thousands of the usual size.
const heaviest = 16 << 20

// MemoryTables keeps everything in memory.
func MemoryTables(l Limits) Tables { return StoredTables(l, nil) }

// StoredTables keeps everything where open says, as bytes; in memory, as it
// is, when open is nil. A kind's name is part of what is stored.
func StoredTables(l Limits, open table.Opener) Tables {
	l = Config{Limits: l}.withDefaults().Limits
	return Tables{
		Clients:      table.OpenWeighed(open, "clients", l.Clients, heaviest, clientCodec),
		Transactions: table.OpenWeighed(open, "transactions", l.Transactions, heaviest, transactionCodec),
		Codes:        table.Open(open, "codes", l.Codes, codeCodec),
		Grants:       table.Open(open, "grants", l.Tokens, grantCodec),
		Access:       table.Open(open, "access", l.Tokens, accessCodec),
		Refresh:      table.Open(open, "refresh", l.Tokens, refreshCodec),
		Devices:      table.Open(open, "devices", l.Devices, deviceCodec),
		UserCodes:    table.Open(open, "user_codes", l.Devices, keyCodec),
		DevicePages:  table.Open(open, "device_pages", l.Transactions, devicePageCodec),
		Pushed:       table.OpenWeighed(open, "pushed", l.Transactions, heaviest, pushedCodec),
		Throttles:    table.Open(open, "throttles", maxThrottles, throttleCodec),
		Guesses:      table.Open(open, "guesses", maxGuesses, throttleCodec),
		Spent:        table.Open(open, "spent", l.Spent, table.Names),
		Keys:         table.Open(open, "keys", maxKeys, keysCodec),
	}
}
