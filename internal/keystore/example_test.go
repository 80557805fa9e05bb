package keystore_test

import (
	"fmt"
	"os"
	"path/filepath"

	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/keystore"
)

// An organisation makes its store and its signing key, and signs.
func Example() {
	tmp, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(tmp)
	dir, passphrase := filepath.Join(tmp, "keys"), keystore.NewPassphrase()

	store, err := keystore.Create(dir, passphrase, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	signer, err := store.NewSigningKey("pharmacy")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := envelope.KeyOf(signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	digest := canon.Sum([]byte("dispensed"))
	sig, err := envelope.SignDigest(signer, digest)
	fmt.Println(err, key.VerifyDigest(digest, sig))
	fmt.Println(store.Names())
	fmt.Println(passphrase, signer)
	// Output:
	// <nil> <nil>
	// [pharmacy] <nil>
	// [secret] [secret]
}
