package organisation

import (
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/keystore"
)

func kid(t testing.TB, s crypto.Signer) canon.Digest {
	t.Helper()
	return must(envelope.KeyOf(s))(t).ID()
}

// ring returns the keys of a fresh organisation.
func ring(t testing.TB) *keyring {
	t.Helper()
	p := planOf(t, 1, chain.Governor)
	if err := Create(p.Dir, p.Settings, false); err != nil {
		t.Fatal(err)
	}
	k := must(openKeys(p.Dir, &p.Settings))(t)
	t.Cleanup(func() { _ = k.close() }) // again, where the test closed it
	return k
}

// The next key is made once, and used only after the turn.
func TestKeyring(t *testing.T) {
	k := ring(t)
	first := kid(t, must(k.Signer())(t))
	next := kid(t, must(k.Next())(t))
	if again := kid(t, must(k.Next())(t)); again != next || next == first {
		t.Errorf("Next = %s, then %s; in use %s", next, again, first)
	}
	if now := kid(t, must(k.Signer())(t)); now != first {
		t.Error("the next key is used before the turn")
	}
	if err := k.Turn(); err != nil {
		t.Fatal(err)
	}
	if now := kid(t, must(k.Signer())(t)); now != next {
		t.Error("the old key is used after the turn")
	}
	// Past the last key there is none to turn to.
	if err := k.Turn(); !errors.Is(err, keystore.ErrMissing) {
		t.Errorf("Turn = %v, want ErrMissing", err)
	}
	if now := kid(t, must(k.Signer())(t)); now != next {
		t.Error("a turn that failed turned")
	}
	// The old key stays readable.
	if old := kid(t, must(k.store.Signer("signing-1"))(t)); old != first {
		t.Error("the old key is another")
	}
	secret := must(k.Secret())(t)
	if len(secret) != secretSize {
		t.Errorf("a secret of %d bytes", len(secret))
	}
	must(k.SealKey())(t)
}

// A crash at any moment of a rotation leaves a key in use that is there.
func TestKeyringCrashPoints(t *testing.T) {
	for name, crash := range map[string]func(*testing.T, *keyring){
		"before":               func(*testing.T, *keyring) {},
		"the next key is made": func(t *testing.T, k *keyring) { must(k.Next())(t) },
		"the turn is staged": func(t *testing.T, k *keyring) {
			must(k.Next())(t)
			must(stage(filepath.Join(k.dir, inUse), []byte("signing-2")))(t)
		},
		"the stage is half":     func(t *testing.T, k *keyring) { must(k.Next())(t); put(t, filepath.Join(k.dir, inUse+".new"), "sig") },
		"the stage is empty":    func(t *testing.T, k *keyring) { put(t, filepath.Join(k.dir, inUse+".new"), "") },
		"turned":                func(t *testing.T, k *keyring) { must(k.Next())(t); must(0, k.Turn())(t) },
		"the next one after is": func(t *testing.T, k *keyring) { must(k.Next())(t); must(0, k.Turn())(t); must(k.Next())(t) },
	} {
		t.Run(name, func(t *testing.T) {
			k := ring(t)
			crash(t, k)
			if err := k.close(); err != nil {
				t.Fatal(err)
			}
			k = must(openKeys(k.dir, &Settings{}))(t)
			t.Cleanup(func() { _ = k.close() })
			before := kid(t, must(k.Signer())(t))
			next := kid(t, must(k.Next())(t))
			if err := k.Turn(); err != nil {
				t.Fatal(err)
			}
			if now := kid(t, must(k.Signer())(t)); now != next || now == before {
				t.Errorf("in use %s, want the next %s after %s", now, next, before)
			}
		})
	}
}

func TestKeyringOfNoName(t *testing.T) {
	for _, name := range []string{"", "signing-", "signing-x", "../keys", "seal"} {
		k := ring(t)
		put(t, filepath.Join(k.dir, inUse), name)
		if _, err := k.Signer(); err == nil {
			t.Errorf("Signer took the name %q", name)
		}
		if _, err := k.Next(); err == nil {
			t.Errorf("Next took the name %q", name)
		}
		if err := k.Turn(); err == nil {
			t.Errorf("Turn took the name %q", name)
		}
	}
	k := ring(t)
	if err := os.Remove(filepath.Join(k.dir, inUse)); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Signer(); err == nil {
		t.Error("Signer took no name")
	}
}

// Rotations of a running organisation: the ledger has each key, the last is in use
// also after a restart, and one that broke off between registration and turn goes
// on where it was. Rotations at once are done one after the other.
func TestRotation(t *testing.T) {
	plans := town(t, nil)
	office := run(t, plans[0].Dir, nil, nil)
	office.ready(t)
	maker := run(t, plans[1].Dir, office.Node, nil)
	supplier := run(t, plans[2].Dir, office.Node, nil)

	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := maker.Registry.Rotate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	checkInUse(t, office, maker)
	request(t, maker, supplier, "paracetamol")

	// The key is registered and the process ends before the turn.
	name := filepath.Join(maker.dir, inUse)
	before := string(must(os.ReadFile(name))(t))
	registered := must(maker.Registry.Rotate(t.Context()))(t)
	maker.stop()
	put(t, name, before)
	maker = run(t, plans[1].Dir, office.Node, nil)
	if got := must(maker.Registry.Rotate(t.Context()))(t); got != registered {
		t.Errorf("rotated to %s, want the key that is registered, %s", got, registered)
	}
	checkInUse(t, office, maker)
	request(t, maker, supplier, "ibuprofen")
	if got := len(members(t, office)[maker.Settings.GLN]); got != 6 {
		t.Errorf("%d keys, want 6", got)
	}
}

// checkInUse checks that the ledger has the key in use.
func checkInUse(t testing.TB, office, r *running) {
	t.Helper()
	now := kid(t, must(r.keys.Signer())(t))
	if known := members(t, office)[r.Settings.GLN]; !slices.Contains(known, now) {
		t.Errorf("the ledger does not have the key in use, %s", now)
	}
}

// Without the build tag a token is refused in words, and files are not used instead.
func TestTokenNeedsTheTag(t *testing.T) {
	pin := filepath.Join(t.TempDir(), "pin")
	put(t, pin, "123456\n")
	p := planOf(t, 1, chain.Governor)
	p.Settings.PKCS11 = &PKCS11{Module: filepath.Join(t.TempDir(), "none.so"), Token: "theriac", PINFile: pin}
	err := Create(p.Dir, p.Settings, false)
	if err == nil || !tagged && !errors.Is(err, keystore.ErrNoPKCS11) {
		t.Errorf("Create = %v, want ErrNoPKCS11", err)
	}
	if _, err := os.Lstat(filepath.Join(p.Dir, keysFolder, "signing-1.key.age")); err == nil {
		t.Error("a signing key was made in a file")
	}
	p.Settings.PKCS11.PINFile = pin + "2"
	if _, err := p.Settings.PKCS11.open(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open without a PIN = %v", err)
	}
	if err := os.Chmod(pin, 0o644); err != nil {
		t.Fatal(err)
	}
	p.Settings.PKCS11.PINFile = pin
	if _, err := p.Settings.PKCS11.open(); !errors.Is(err, keystore.ErrPermissions) {
		t.Errorf("open with a PIN that others read = %v, want ErrPermissions", err)
	}
}
