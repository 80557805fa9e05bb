//go:build pkcs11 && cgo

package keystore

import (
	"crypto"
	"crypto/elliptic"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ThalesGroup/crypto11"
)

// absent skips a test for want of SoftHSM, but never where it must run.
func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("no %s: install softhsm2", what)
	}
	t.Skipf("SKIPPED: the PKCS#11 store is not tested, for there is no %s: install softhsm2", what)
}

// newToken makes a SoftHSM token in a folder of its own.
func newToken(t *testing.T) Token {
	t.Helper()
	var module string
	for _, path := range []string{
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so",
		"/opt/homebrew/lib/softhsm/libsofthsm2.so",
	} {
		if _, err := os.Stat(path); err == nil {
			module = path
			break
		}
	}
	if module == "" {
		absent(t, "libsofthsm2.so")
	}
	util, err := exec.LookPath("softhsm2-util")
	if err != nil {
		absent(t, "softhsm2-util")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	writeFile(t, conf, fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", dir))
	t.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.Command(util, "--init-token", "--free", "--label", "theriac", "--pin", "123456", "--so-pin", "654321").CombinedOutput()
	if err != nil {
		t.Fatalf("softhsm2-util: %v: %s", err, out)
	}
	return Token{Module: module, Label: "theriac", PIN: SecretOf([]byte("123456"))}
}

func openToken(t *testing.T, at Token) *hsm {
	t.Helper()
	s := must(OpenToken(at))(t).(*hsm)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTokenIsSigners(t *testing.T) {
	at := newToken(t)
	s := must(OpenToken(at))(t)
	checkSigners(t, s, func() Signers {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return openToken(t, at)
	})
}

func TestTokenOneCreatorWins(t *testing.T) {
	at := newToken(t)
	checkRace(t, openToken(t, at))
}

// Between processes a token has no way to let exactly one win. At most one may,
// and what is left is then its key.
func TestTokenTwoContextsNeverMakeTwoKeys(t *testing.T) {
	at := newToken(t)
	stores := []*hsm{openToken(t, at), openToken(t, at)}
	for i := range 10 {
		name := fmt.Sprintf("raced-%d", i)
		var won [2]bool
		var wg sync.WaitGroup
		for j, s := range stores {
			wg.Go(func() {
				// The loser's error may also be the token's, about a key that the
				// other deleted while it was read.
				_, err := s.NewSigningKey(name)
				won[j] = err == nil
			})
		}
		wg.Wait()
		_, err := stores[0].Signer(name)
		switch {
		case won[0] && won[1]:
			t.Errorf("%s was made twice", name)
		case !won[0] && !won[1] && !errors.Is(err, ErrMissing):
			t.Errorf("nobody made %s, but Signer = %v", name, err)
		case won[0] != won[1] && err != nil:
			t.Errorf("%s was made, but Signer = %v", name, err)
		}
	}
}

func TestTokenKeysCannotBeExtracted(t *testing.T) {
	s := openToken(t, newToken(t))
	must(s.NewSigningKey("org"))(t)
	key := must(s.ctx.FindKeyPair(nil, []byte("org")))(t)
	for attribute, want := range map[crypto11.AttributeType]byte{
		crypto11.CkaPrivate: 1, crypto11.CkaToken: 1, crypto11.CkaSensitive: 1, crypto11.CkaAlwaysSensitive: 1,
		crypto11.CkaExtractable: 0, crypto11.CkaNeverExtractable: 1, crypto11.CkaLocal: 1,
		crypto11.CkaSign: 1, crypto11.CkaDerive: 0, crypto11.CkaDecrypt: 0, crypto11.CkaUnwrap: 0,
	} {
		got := must(s.ctx.GetAttribute(key, attribute))(t)
		if len(got.Value) != 1 || got.Value[0] != want {
			t.Errorf("attribute %#x = %v, want %d", attribute, got.Value, want)
		}
	}
	if got, err := s.ctx.GetAttribute(key, crypto11.CkaValue); err == nil && len(got.Value) > 0 {
		t.Error("the token gives the private key away")
	}
}

// The token may hold keys of other programs.
func TestTokenWithOtherKeys(t *testing.T) {
	s := openToken(t, newToken(t))
	must(s.NewSigningKey("org"))(t)
	for i, label := range []string{"Not A Name", "twice", "twice"} {
		must(s.ctx.GenerateECDSAKeyPairWithLabel([]byte{byte(i)}, []byte(label), elliptic.P256()))(t)
	}
	must(s.ctx.GenerateECDSAKeyPairWithLabel([]byte("p384"), []byte("p384"), elliptic.P384()))(t)
	must(s.ctx.GenerateRSAKeyPairWithLabel([]byte("rsa"), []byte("rsa"), 2048))(t)

	names := must(s.Names())(t)
	if len(names) != 2 || names[0] != "org" || names[1] != "twice" {
		t.Errorf("Names = %q", names)
	}
	for _, name := range []string{"twice", "p384", "rsa"} {
		if _, err := s.Signer(name); !errors.Is(err, ErrDamaged) {
			t.Errorf("Signer(%s) = %v, want ErrDamaged", name, err)
		}
		if _, err := s.NewSigningKey(name); !errors.Is(err, ErrExists) {
			t.Errorf("NewSigningKey(%s) = %v, want ErrExists", name, err)
		}
	}
}

// halves signs with one key and shows the public half of another.
type halves struct {
	crypto.Signer
	shown crypto.PublicKey
}

func (h halves) Public() crypto.PublicKey { return h.shown }

// Attack: the public half of the thief's key under the organisation's label.
func TestTokenWithSwappedHalves(t *testing.T) {
	s := openToken(t, newToken(t))
	org, thief := must(s.NewSigningKey("org"))(t), must(s.NewSigningKey("thief"))(t)
	if _, err := usable("org", halves{org, org.Public()}); err != nil {
		t.Fatal(err)
	}
	if _, err := usable("org", halves{org, thief.Public()}); !errors.Is(err, ErrDamaged) {
		t.Errorf("usable(swapped halves) = %v, want ErrDamaged", err)
	}
}

func TestTokenRefusals(t *testing.T) {
	at := newToken(t)
	wrong := at
	wrong.PIN = SecretOf([]byte("123457"))
	if _, err := OpenToken(wrong); !errors.Is(err, ErrPassphrase) {
		t.Errorf("OpenToken(wrong PIN) = %v, want ErrPassphrase", err)
	}
	wrong = at
	wrong.Label = "none"
	if _, err := OpenToken(wrong); err == nil {
		t.Error("OpenToken opened a token that is not there")
	}
	wrong = at
	wrong.Module = filepath.Join(t.TempDir(), "none.so")
	if _, err := OpenToken(wrong); err == nil {
		t.Error("OpenToken loaded a module that is not there")
	}
	s := openToken(t, at)
	key := must(s.NewSigningKey("org"))(t)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if _, err := s.Signer("org"); err == nil {
		t.Error("Signer works after Close")
	}
	if _, err := key.Sign(nil, make([]byte, 32), crypto.SHA256); err == nil {
		t.Error("a key signs after Close")
	}
}
