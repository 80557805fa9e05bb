package keystore

import (
	"bytes"
	"crypto"
	"crypto/hpke"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
)

// copyStore copies a store of testdata, because git keeps no modes.
func copyStore(t *testing.T, from string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "keys")
	if err := os.Mkdir(dir, folderMode); err != nil {
		t.Fatal(err)
	}
	files := must(os.ReadDir(from))(t)
	if len(files) == 0 {
		t.Fatalf("no files in %s", from)
	}
	for _, file := range files {
		writeFile(t, filepath.Join(dir, file.Name()), must(os.ReadFile(filepath.Join(from, file.Name())))(t))
	}
	return dir
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	return must(hex.DecodeString(s))(t)
}

// A store that testdata/make.sh made with the age tool, with keys from RFCs.
func TestStoreOfTheAgeTool(t *testing.T) {
	dir := copyStore(t, filepath.Join("testdata", "age"))
	s := reopen(t, dir, SecretOf([]byte("correct horse battery staple")))

	// RFC 6979, A.2.5: SHA-256, message "sample".
	digest := unhex(t, "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf")
	der := must(must(s.Signer("rfc6979"))(t).Sign(nil, digest, crypto.SHA256))(t)
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string]*big.Int{
		"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716": sig.R,
		"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8": sig.S,
	} {
		if got.Text(16) != want {
			t.Errorf("signature half %x, want %s", got, want)
		}
	}

	// RFC 9180, A.3.1.1, sequence number 0.
	r := must(hpke.NewRecipient(
		unhex(t, "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4"),
		must(s.SealKey("rfc9180"))(t), hpke.HKDFSHA256(), hpke.AES128GCM(), []byte("Ode on a Grecian Urn")))(t)
	text := must(r.Open([]byte("Count-0"),
		unhex(t, "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434")))(t)
	if string(text) != "Beauty is truth, truth beauty" {
		t.Errorf("opened %q", text)
	}

	want := unhex(t, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	if got := must(s.Secret("counting"))(t).Bytes(); !bytes.Equal(got, want) {
		t.Errorf("secret %x", got)
	}
	if _, err := Open(dir, SecretOf([]byte("correct horse battery stapler"))); !errors.Is(err, ErrPassphrase) {
		t.Errorf("Open(wrong) = %v, want ErrPassphrase", err)
	}
}
