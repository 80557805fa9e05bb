//go:build pkcs11 && cgo

package organisation

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"theriac/chain"
	"theriac/internal/keystore"
)

// tagged is whether this program can open a token.
const tagged = true

// absent skips a test for want of SoftHSM, but never where it must run.
func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("no %s: install softhsm2", what)
	}
	t.Skipf("SKIPPED: organisations with a PKCS#11 token are not tested, for there is no %s: install softhsm2", what)
}

// newToken makes a SoftHSM token for each label, in a folder of their own.
func newToken(t *testing.T, labels ...string) []*PKCS11 {
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
	util, err := exec.LookPath("softhsm2-util")
	if module == "" || err != nil {
		absent(t, "SoftHSM")
	}
	dir := t.TempDir()
	conf, pin := filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "pin")
	put(t, conf, fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", dir))
	put(t, pin, "123456\n")
	t.Setenv("SOFTHSM2_CONF", conf)
	var out []*PKCS11
	for _, label := range labels {
		said, err := exec.Command(util, "--init-token", "--free", "--label", label, "--pin", "123456", "--so-pin", "654321").CombinedOutput()
		if err != nil {
			t.Fatalf("softhsm2-util: %v: %s", err, said)
		}
		out = append(out, &PKCS11{Module: module, Token: label, PINFile: pin})
	}
	return out
}

// noSigningFiles checks that no signing key is in a file.
func noSigningFiles(t testing.TB, dir string) {
	t.Helper()
	for name := range snapshot(t, filepath.Join(dir, keysFolder)) {
		if strings.HasPrefix(name, signing) {
			t.Errorf("%s is in a file", name)
		}
	}
}

// Signing keys live in the token from the first on: what they sign is a member's,
// also after rotation and restart. Seal key and secret are files.
func TestOrganisationWithAToken(t *testing.T) {
	tokens := newToken(t, "office", "maker")
	plans := town(t, func(p *Plan) {
		switch p.Settings.Roles[0] {
		case chain.Governor:
			p.Settings.PKCS11 = tokens[0]
		case chain.Manufacturer:
			p.Settings.PKCS11 = tokens[1]
		}
	})
	office := run(t, plans[0].Dir, nil, nil)
	office.ready(t)
	maker := run(t, plans[1].Dir, office.Node, nil)
	supplier := run(t, plans[2].Dir, office.Node, nil)
	request(t, maker, supplier, "paracetamol")
	first := kid(t, must(maker.keys.Signer())(t))
	rotated := must(maker.Registry.Rotate(t.Context()))(t)
	request(t, maker, supplier, "ibuprofen")
	maker.stop()
	maker = run(t, plans[1].Dir, office.Node, nil)
	if now := kid(t, must(maker.keys.Signer())(t)); now != rotated || now == first {
		t.Errorf("in use %s after a restart, want %s", now, rotated)
	}
	checkInUse(t, office, maker)
	request(t, maker, supplier, "aspirin")
	must(maker.keys.SealKey())(t)
	must(maker.keys.Secret())(t)
	names := must(maker.keys.signers.Names())(t)
	if fmt.Sprint(names) != "[signing-1 signing-2]" {
		t.Errorf("the token has %q", names)
	}
	noSigningFiles(t, plans[0].Dir)
	noSigningFiles(t, plans[1].Dir)
}

// An organisation that gets a token later uses its key in a file until it rotates.
func TestTokenLater(t *testing.T) {
	plans := town(t, nil)
	office := run(t, plans[0].Dir, nil, nil)
	office.ready(t)
	s := must(LoadSettings(plans[1].Dir))(t)
	s.PKCS11 = newToken(t, "maker")[0]
	if err := s.Save(plans[1].Dir); err != nil {
		t.Fatal(err)
	}
	// A creation that is repeated makes no other first key.
	if err := Create(plans[1].Dir, *s, false); err != nil {
		t.Fatal(err)
	}
	maker := run(t, plans[1].Dir, office.Node, nil)
	supplier := run(t, plans[2].Dir, office.Node, nil)
	checkInUse(t, office, maker)
	request(t, maker, supplier, "paracetamol")
	must(maker.Registry.Rotate(t.Context()))(t)
	checkInUse(t, office, maker)
	request(t, maker, supplier, "ibuprofen")
	if names := must(maker.keys.signers.Names())(t); fmt.Sprint(names) != "[signing-2]" {
		t.Errorf("the token has %q", names)
	}
}

// A creation that was interrupted goes on with the key that the token has.
func TestTokenCreateGoesOn(t *testing.T) {
	p := planOf(t, 1, chain.Governor)
	p.Settings.PKCS11 = newToken(t, "office")[0]
	if err := Create(p.Dir, p.Settings, false); err != nil {
		t.Fatal(err)
	}
	k := must(openKeys(p.Dir, &p.Settings))(t)
	first := kid(t, must(k.Signer())(t))
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(p.Dir, inUse)); err != nil {
		t.Fatal(err)
	}
	if err := Create(p.Dir, p.Settings, false); err != nil {
		t.Fatal(err)
	}
	k = must(openKeys(p.Dir, &p.Settings))(t)
	if again := kid(t, must(k.Signer())(t)); again != first {
		t.Errorf("another first key, %s", again)
	}
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	noSigningFiles(t, p.Dir)
}

func TestTokenRefused(t *testing.T) {
	at := newToken(t, "office")[0]
	wrong := *at
	wrong.PINFile = filepath.Join(t.TempDir(), "pin")
	put(t, wrong.PINFile, "654321")
	if _, err := wrong.open(); !errors.Is(err, keystore.ErrPassphrase) {
		t.Errorf("open with a wrong PIN = %v, want ErrPassphrase", err)
	}
	wrong = *at
	wrong.Token = "other"
	if _, err := wrong.open(); err == nil {
		t.Error("opened a token that is not there")
	}
}
