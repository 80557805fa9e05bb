package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/envelope"
)

// newStore makes a store with a machine's passphrase in a folder of its own.
func newStore(t testing.TB) (s *Store, dir string, passphrase Secret) {
	t.Helper()
	dir, passphrase = filepath.Join(t.TempDir(), "keys"), NewPassphrase()
	s, err := Create(dir, passphrase, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir, passphrase
}

func reopen(t testing.TB, dir string, passphrase Secret) *Store {
	t.Helper()
	s, err := Open(dir, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// must returns v, or ends the test.
func must[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func keyID(t testing.TB, s crypto.Signer) canon.Digest {
	t.Helper()
	return must(envelope.KeyOf(s))(t).ID()
}

func checkSigns(t testing.TB, s crypto.Signer) {
	t.Helper()
	digest := canon.Sum([]byte("a message"))
	sig := must(envelope.SignDigest(s, digest))(t)
	if err := must(envelope.KeyOf(s))(t).VerifyDigest(digest, sig); err != nil {
		t.Errorf("VerifyDigest = %v", err)
	}
}

// sealTo seals a fixed text to the public half of k, as a stranger would who
// has its 65 bytes.
func sealTo(t testing.TB, k hpke.PrivateKey) []byte {
	t.Helper()
	pub := must(hpke.DHKEM(ecdh.P256()).NewPublicKey(k.PublicKey().Bytes()))(t)
	return must(hpke.Seal(pub, hpke.HKDFSHA256(), hpke.AES128GCM(), nil, []byte("sealed")))(t)
}

func checkOpens(t testing.TB, k hpke.PrivateKey, sealed []byte) {
	t.Helper()
	got, err := hpke.Open(k, hpke.HKDFSHA256(), hpke.AES128GCM(), nil, sealed)
	if err != nil || string(got) != "sealed" {
		t.Errorf("hpke.Open = %q, %v", got, err)
	}
}

// checkSigners is the law for every implementation of Signers. The store is
// empty; again opens it once more.
func checkSigners(t *testing.T, s Signers, again func() Signers) {
	t.Helper()
	made := must(s.NewSigningKey("org"))(t)
	checkSigns(t, made)
	if _, err := s.NewSigningKey("org"); !errors.Is(err, ErrExists) {
		t.Errorf("NewSigningKey(taken) = %v, want ErrExists", err)
	}
	if _, err := s.Signer("other"); !errors.Is(err, ErrMissing) {
		t.Errorf("Signer(missing) = %v, want ErrMissing", err)
	}
	for _, name := range []string{"", "Org", "a/b", "..", "../x", "a.b", "a b", "ä", "org\n", strings.Repeat("a", 33)} {
		if _, err := s.NewSigningKey(name); !errors.Is(err, ErrName) {
			t.Errorf("NewSigningKey(%q) = %v, want ErrName", name, err)
		}
		if _, err := s.Signer(name); !errors.Is(err, ErrName) {
			t.Errorf("Signer(%q) = %v, want ErrName", name, err)
		}
	}
	must(s.NewSigningKey("org-2"))(t)
	must(s.NewSigningKey(strings.Repeat("z", 32)))(t)

	found := must(s.Signer("org"))(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { checkSigns(t, found) })
	}
	wg.Wait()
	checkSilent(t, found, nil)

	s = again()
	if got, want := keyID(t, must(s.Signer("org"))(t)), keyID(t, made); got != want {
		t.Errorf("after a restart the key is %s, want %s", got, want)
	}
	if got, want := keyID(t, must(s.Signer("org-2"))(t)), keyID(t, made); got == want {
		t.Error("two names hold one key")
	}
	want := []string{"org", "org-2", strings.Repeat("z", 32)}
	if diff := cmp.Diff(want, must(s.Names())(t)); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
}

// checkRace calls NewSigningKey from many goroutines: exactly one may win.
func checkRace(t *testing.T, stores ...Signers) {
	t.Helper()
	const each = 4
	errs := make(chan error, each*len(stores))
	var wg sync.WaitGroup
	for _, s := range stores {
		for range each {
			wg.Go(func() {
				_, err := s.NewSigningKey("raced")
				errs <- err
			})
		}
	}
	wg.Wait()
	close(errs)
	won := 0
	for err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrExists) {
			t.Errorf("NewSigningKey = %v, want ErrExists", err)
		}
	}
	if won != 1 {
		t.Errorf("%d creators won, want 1", won)
	}
}

func TestStoreIsSigners(t *testing.T) {
	s, dir, passphrase := newStore(t)
	checkSigners(t, s, func() Signers {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return reopen(t, dir, passphrase)
	})
}

func TestOneCreatorWins(t *testing.T) {
	s, dir, passphrase := newStore(t)
	checkRace(t, s, reopen(t, dir, passphrase))
}

func TestSealKeysAndSecretsSurviveRestart(t *testing.T) {
	s, dir, passphrase := newStore(t)
	seal := must(s.NewSealKey("seal"))(t)
	secret := must(s.NewSecret("pepper", 32))(t)
	sealed := sealTo(t, seal)
	checkOpens(t, seal, sealed)

	s = reopen(t, dir, passphrase)
	checkOpens(t, must(s.SealKey("seal"))(t), sealed)
	if got := must(s.Secret("pepper"))(t); !bytes.Equal(got.Bytes(), secret.Bytes()) || len(got.Bytes()) != 32 {
		t.Error("another secret after a restart")
	}
}

func TestSecretSizes(t *testing.T) {
	s, _, _ := newStore(t)
	for _, tt := range []struct {
		size int
		good bool
	}{{-1, false}, {0, false}, {15, false}, {16, true}, {64, true}, {65, false}} {
		got, err := s.NewSecret("k", tt.size)
		if (err == nil) != tt.good || tt.good && len(got.Bytes()) != tt.size {
			t.Errorf("NewSecret(%d) = %d bytes, %v", tt.size, len(got.Bytes()), err)
		}
		if tt.good {
			if err := s.Remove("k"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A key serves one use: nobody signs with a key that others seal to.
func TestKeyOfAnotherUseIsMissing(t *testing.T) {
	s, _, _ := newStore(t)
	must(s.NewSigningKey("sign"))(t)
	must(s.NewSealKey("seal"))(t)
	must(s.NewSecret("secret", 32))(t)
	for _, name := range []string{"sign", "seal", "secret"} {
		_, signErr := s.Signer(name)
		_, sealErr := s.SealKey(name)
		_, secretErr := s.Secret(name)
		for use, err := range map[string]error{"sign": signErr, "seal": sealErr, "secret": secretErr} {
			if use == name && err != nil || use != name && !errors.Is(err, ErrMissing) {
				t.Errorf("%s as %s: %v", name, use, err)
			}
		}
		if _, err := s.NewSealKey(name); !errors.Is(err, ErrExists) {
			t.Errorf("NewSealKey(%s) = %v, want ErrExists", name, err)
		}
	}
}

func TestRotatedKeys(t *testing.T) {
	s, dir, passphrase := newStore(t)
	old := must(s.NewSealKey("seal"))(t)
	sealed := sealTo(t, old)
	kid := must(envelope.ParseKey(old.PublicKey().Bytes()))(t).ID()

	retired := must(s.Rotate("seal"))(t)
	if want := "seal@" + kid.String(); retired != want {
		t.Errorf("Rotate = %s, want %s", retired, want)
	}
	s = reopen(t, dir, passphrase)
	checkOpens(t, must(s.SealKey(retired))(t), sealed)
	current := must(s.SealKey("seal"))(t)
	if bytes.Equal(current.PublicKey().Bytes(), old.PublicKey().Bytes()) {
		t.Error("Rotate kept the key")
	}
	if _, err := hpke.Open(current, hpke.HKDFSHA256(), hpke.AES128GCM(), nil, sealed); err == nil {
		t.Error("the new key opens an old seal")
	}

	must(s.NewSecret("pepper", 48))(t)
	before := must(s.Secret("pepper"))(t).Bytes()
	gone := must(s.Rotate("pepper"))(t)
	if got := must(s.Secret("pepper"))(t).Bytes(); bytes.Equal(got, before) || len(got) != 48 {
		t.Error("the rotated secret is the old one, or of another size")
	}
	if err := s.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Secret(gone); !errors.Is(err, ErrMissing) {
		t.Errorf("Secret(removed) = %v, want ErrMissing", err)
	}
	for _, name := range []string{"none", retired, "a/../seal"} {
		want := ErrName
		if name == "none" {
			want = ErrMissing
		}
		if _, err := s.Rotate(name); !errors.Is(err, want) {
			t.Errorf("Rotate(%s) = %v, want %v", name, err, want)
		}
	}
	for _, name := range []string{"..", "seal@", "seal@../../identity", "seal@" + kid.String() + "x"} {
		if err := s.Remove(name); !errors.Is(err, ErrName) {
			t.Errorf("Remove(%s) = %v, want ErrName", name, err)
		}
	}
	if err := s.Remove("none"); !errors.Is(err, ErrMissing) {
		t.Errorf("Remove(none) = %v, want ErrMissing", err)
	}
}

func TestCreateTakesAnEmptyFolderOnly(t *testing.T) {
	_, dir, passphrase := newStore(t)
	if _, err := Create(dir, passphrase, 0); !errors.Is(err, ErrExists) {
		t.Errorf("Create(store) = %v, want ErrExists", err)
	}
	// Keys that lost their identity are not to be buried under a new one.
	s := reopen(t, dir, passphrase)
	must(s.NewSigningKey("org"))(t)
	if err := os.Remove(filepath.Join(dir, identityFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, passphrase, 0); !errors.Is(err, ErrExists) {
		t.Errorf("Create(keys without identity) = %v, want ErrExists", err)
	}
	empty := t.TempDir()
	if err := os.Chmod(empty, folderMode); err != nil {
		t.Fatal(err)
	}
	must(Create(empty, passphrase, 0))(t).Close()
	if _, err := Create(filepath.Join(dir, "no", "parent"), passphrase, 0); err == nil {
		t.Error("Create made a parent folder")
	}
}

func TestMissingStore(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none"), NewPassphrase()); !errors.Is(err, ErrMissing) {
		t.Errorf("Open(no folder) = %v, want ErrMissing", err)
	}
	if err := os.Chmod(dir, folderMode); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, NewPassphrase()); !errors.Is(err, ErrMissing) {
		t.Errorf("Open(empty folder) = %v, want ErrMissing", err)
	}
}

func TestClosedStore(t *testing.T) {
	s, _, _ := newStore(t)
	key := must(s.NewSigningKey("org"))(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Signer("org"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Signer after Close = %v, want os.ErrClosed", err)
	}
	checkSigns(t, key)
}

// Names sort as names, not as files: "a-b" stands before "a.key.age".
func TestNamesAreSorted(t *testing.T) {
	s, dir, _ := newStore(t)
	for _, name := range []string{"a-b", "a", "a0"} {
		must(s.NewSecret(name, 16))(t)
	}
	must(s.Rotate("a"))(t)
	for _, stray := range []string{"README", "UPPER.key.age", "a@b.key.age", ".key.age"} {
		if err := os.WriteFile(filepath.Join(dir, stray), nil, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	names := must(s.Names())(t)
	if !slices.IsSorted(names) || len(names) != 4 {
		t.Errorf("Names = %q", names)
	}
}
