// Package arch keeps docs/architecture.md true: its test reads every Go file of
// the module and fails on an import that goes up or sideways, on input and
// output in a pure package, and on a package that has no layer.
package arch

// layers names the packages of each layer, lowest first. A package imports only
// lower layers. An entry that ends in /… stands for all packages below it.
var layers = [][]string{
	{"canon", "merkle", "gs1", "refusal", "internal/p256"},
	{"envelope", "epcis", "chain", "lightclient"},
	{"genuine", "pedigree"},
	{".", "internal/ledger", "internal/audit", "internal/idempotency", "internal/paper/…"},
	{"api"},
	{"internal/access", "internal/registry", "internal/sqlstore/query", "internal/supply", "web"},
	{"internal/browser", "internal/chainstore", "internal/instrument", "internal/keystore", "internal/label", "internal/packstore", "internal/sqlstore"},
	{"internal/cometbft"},
	{"client", "internal/httpapi", "internal/site"},
	{"internal/device", "internal/organisation", "internal/simulate"},
	{"internal/journey"},
	{"internal/redteam"},
	{"cmd/theriac", "cmd/theriac-bench", "internal/arch"},
}

// testOnly are packages of helpers for tests, which no product package imports.
var testOnly = []string{"internal/access/accesstest", "internal/ledger/ledgertest", "internal/memstore", "internal/sqlstore/pgtest", "internal/storetest", "internal/wycheprooftest"}

// pure is the number of layers, from the bottom, that do no I/O.
const pure = 5

// outside are the standard packages that a pure package must not import.
var outside = []string{"os", "net", "net/http", "database/sql", "log", "log/slog"}

// banned are calls that a pure package must not make, as package.Name.
var banned = []string{"time.Now", "time.Since", "time.Until"}

// paperUsers may import internal/paper in product files; everybody's tests may.
var paperUsers = []string{"cmd/theriac-bench"}
