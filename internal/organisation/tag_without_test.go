//go:build !pkcs11 || !cgo

package organisation

// tagged is whether this program can open a token.
const tagged = false
