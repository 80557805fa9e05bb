package keystore

// A Token says which PKCS#11 token to open: the path of the vendor's module, the
// label of the token within it, and the user's PIN.
type Token struct {
	Module string
	Label  string
	PIN    Secret
}
