//go:build race

package sqlstore

// grownSQLite is small where the race detector makes SQLite, which is in Go, fifty
// times slower. Its plans do not depend on it.
const grownSQLite = 5_000
