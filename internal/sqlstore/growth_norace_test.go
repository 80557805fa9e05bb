//go:build !race

package sqlstore

const grownSQLite = grown
