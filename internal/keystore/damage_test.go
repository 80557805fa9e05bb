package keystore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"theriac/canon"
)

func writeFile(t testing.TB, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, fileMode); err != nil {
		t.Fatal(err)
	}
}

func TestWrongPassphrase(t *testing.T) {
	_, dir, passphrase := newStore(t)
	for _, wrong := range []Secret{
		{},
		SecretOf(nil), NewPassphrase(), SecretOf([]byte("correct horse")),
		SecretOf(append(passphrase.Bytes(), '\n')), SecretOf(passphrase.Bytes()[1:]),
	} {
		if _, err := Open(dir, wrong); !errors.Is(err, ErrPassphrase) {
			t.Errorf("Open(wrong) = %v, want ErrPassphrase", err)
		}
	}
}

// A passphrase that a person may have made is always stretched.
func TestWorkFactor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	person, machine := SecretOf([]byte("correct horse")), NewPassphrase()
	for _, tt := range []struct {
		name       string
		passphrase Secret
		asked      int
		want       int // 0: refused
	}{
		{"person's, as needed", person, 0, 18},
		{"person's, less", person, 17, 0},
		{"person's, more", person, 20, 20},
		{"person's, too much", person, 21, 0},
		{"person's, nonsense", person, -1, 0},
		{"machine's, as needed", machine, 0, 1},
		{"machine's, nonsense", machine, -1, 0},
		{"machine's, more", machine, 18, 18},
		{"machine's, too much", machine, 31, 0},
		{"empty", Secret{}, 18, 0},
	} {
		got, err := checkWorkFactor(tt.passphrase, tt.asked)
		if got != tt.want || (err != nil) != (tt.want == 0) || err != nil && !errors.Is(err, ErrPassphrase) {
			t.Errorf("%s: %d, %v, want %d", tt.name, got, err, tt.want)
		}
	}
	if _, err := Create(dir, person, 10); !errors.Is(err, ErrPassphrase) {
		t.Errorf("Create(person's passphrase, 10) = %v, want ErrPassphrase", err)
	}
	must(Create(dir, machine, 11))(t).Close()
	checkHeader(t, dir, " 11\n")
}

func checkHeader(t *testing.T, dir, want string) {
	t.Helper()
	header, _, _ := bytes.Cut(must(os.ReadFile(filepath.Join(dir, identityFile)))(t), []byte("\n---"))
	if !strings.Contains(string(header), want) {
		t.Errorf("no %q in the header:\n%s", want, header)
	}
}

// TestStoreOfTheAgeTool opens with a person's passphrase; here it is stretched.
func TestPersonsPassphrase(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	must(Create(dir, SecretOf([]byte("correct horse battery staple")), 0))(t).Close()
	checkHeader(t, dir, " 18\n")
}

// age files are not malleable: a changed byte is found wherever it stands.
func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	s, dir, passphrase := newStore(t)
	must(s.NewSigningKey("org"))(t)
	for _, tt := range []struct {
		file string
		open func() error
	}{
		{"org" + keySuffix, func() error {
			_, err := s.Signer("org")
			return err
		}},
		{identityFile, func() error {
			got, err := Open(dir, passphrase)
			if err == nil {
				got.Close()
			}
			return err
		}},
	} {
		path := filepath.Join(dir, tt.file)
		good := must(os.ReadFile(path))(t)
		check := func(at int, bad []byte) {
			writeFile(t, path, bad)
			err := tt.open()
			// A flipped salt or stanza is a wrong passphrase for all one can tell.
			if !errors.Is(err, ErrDamaged) && (tt.file != identityFile || !errors.Is(err, ErrPassphrase)) {
				t.Errorf("%s, byte %d: %v, want ErrDamaged", tt.file, at, err)
			}
		}
		for i := range good {
			for _, mask := range []byte{0x01, 0x20} {
				bad := bytes.Clone(good)
				bad[i] ^= mask
				check(i, bad)
			}
		}
		for n := 0; n < len(good); n += 7 {
			check(n, good[:n])
		}
		check(len(good), append(bytes.Clone(good), 0))
		check(maxFile, append(bytes.Clone(good), make([]byte, maxFile)...))
		writeFile(t, path, good)
		if err := tt.open(); err != nil {
			t.Fatalf("%s: the restored file does not open: %v", tt.file, err)
		}
	}
}

// Attack: who can write the folder gives one key the name of another.
func TestSwappedFilesAreFound(t *testing.T) {
	s, dir, _ := newStore(t)
	path := func(name string) string { return filepath.Join(dir, name+keySuffix) }
	must(s.NewSigningKey("org"))(t)
	must(s.NewSigningKey("other"))(t)
	oldest := must(s.Rotate("org"))(t)
	older := must(s.Rotate("org"))(t)

	if err := os.Rename(path("other"), path("thief")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Signer("thief"); !errors.Is(err, ErrDamaged) {
		t.Errorf("Signer(renamed) = %v, want ErrDamaged", err)
	}
	if err := os.Rename(path(oldest), path(older)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Signer(older); !errors.Is(err, ErrDamaged) {
		t.Errorf("Signer(other KID) = %v, want ErrDamaged", err)
	}
	// Rotate must not replace a key whose second name is taken by another.
	current := must(s.Signer("org"))(t)
	taken := "org@" + keyID(t, current).String()
	if err := os.Rename(path(older), path(taken)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rotate("org"); !errors.Is(err, ErrDamaged) {
		t.Errorf("Rotate(KID taken) = %v, want ErrDamaged", err)
	}
	if got, want := keyID(t, must(s.Signer("org"))(t)), keyID(t, current); got != want {
		t.Error("a refused rotation changed the key")
	}
	// A key that cannot be read can still be deleted.
	if err := s.Remove("thief"); err != nil {
		t.Errorf("Remove(unreadable) = %v", err)
	}
}

// Attack: who can write the folder but not open it plants a key of their own.
func TestPlantedKeysAreFound(t *testing.T) {
	s, dir, passphrase := newStore(t)
	other, otherDir, _ := newStore(t)
	must(other.NewSigningKey("org"))(t)
	planted := must(os.ReadFile(filepath.Join(otherDir, "org"+keySuffix)))(t)
	writeFile(t, filepath.Join(dir, "org"+keySuffix), planted)
	if _, err := s.Signer("org"); !errors.Is(err, ErrDamaged) {
		t.Errorf("Signer(planted) = %v, want ErrDamaged", err)
	}
	writeFile(t, filepath.Join(dir, identityFile), must(os.ReadFile(filepath.Join(otherDir, identityFile)))(t))
	if _, err := Open(dir, passphrase); !errors.Is(err, ErrPassphrase) {
		t.Errorf("Open(planted identity) = %v, want ErrPassphrase", err)
	}
}

// Files that hold something else by mistake, a key in clear above all, are
// refused and not quoted.
func TestErrorsDoNotQuoteFiles(t *testing.T) {
	s, dir, passphrase := newStore(t)
	must(s.NewSigningKey("org"))(t)
	secret := must(age.GenerateX25519Identity())(t).String()
	byPassphrase := must(age.NewScryptRecipient(string(passphrase.Bytes())))(t)
	byPassphrase.SetWorkFactor(machineWorkFactor)
	sealed := func(text string, to age.Recipient) []byte { return must(encrypt([]byte(text), to))(t) }

	for _, raw := range [][]byte{
		[]byte(secret),
		[]byte("age-encryption.org/v1\n-> " + secret + "\n"),
		sealed(secret+"\n", byPassphrase), // of the kind that a quantum computer breaks
		sealed(strings.ToLower(secret)+"\n", byPassphrase),
		sealed("AGE-SECRET-KEY-PQ-1"+secret+"\n", byPassphrase),
		sealed(s.identity.String()+"\n"+s.identity.String()+"\n", byPassphrase),
		sealed("", byPassphrase),
		sealed(secret, s.identity.Recipient()),
		sealed("\xa3"+secret, s.identity.Recipient()),
		sealed(string(must(canon.CBOR(record{Name: secret, Use: useSecret, Key: []byte(secret)}))(t)), s.identity.Recipient()),
		sealed(string(must(canon.CBOR(record{Name: "org", Use: use(secret), Key: []byte(secret)}))(t)), s.identity.Recipient()),
		sealed(string(must(canon.CBOR(record{Name: "org", Use: useSign, Key: []byte(secret)}))(t)), s.identity.Recipient()),
	} {
		writeFile(t, filepath.Join(dir, "org"+keySuffix), raw)
		_, keyErr := s.Signer("org")
		writeFile(t, filepath.Join(dir, identityFile), raw)
		_, openErr := Open(dir, passphrase)
		if !errors.Is(keyErr, ErrDamaged) {
			t.Errorf("Signer = %v, want ErrDamaged", keyErr)
		}
		if !errors.Is(openErr, ErrDamaged) && !errors.Is(openErr, ErrPassphrase) {
			t.Errorf("Open = %v, want ErrDamaged or ErrPassphrase", openErr)
		}
		for _, err := range []error{keyErr, openErr} {
			for piece := secret; len(piece) >= 8; piece = piece[8:] {
				if err != nil && strings.Contains(strings.ToUpper(err.Error()), piece[:8]) {
					t.Errorf("an error quotes the file: %v", err)
				}
			}
		}
	}
}

func TestOpenPermissionsAreRefused(t *testing.T) {
	s, dir, passphrase := newStore(t)
	must(s.NewSigningKey("org"))(t)
	info := must(os.Stat(dir))(t)
	if got := info.Mode().Perm(); got != folderMode {
		t.Errorf("the folder has mode %o, want %o", got, folderMode)
	}
	for _, file := range must(s.folder.list())(t) {
		if got := must(os.Stat(filepath.Join(dir, file)))(t).Mode().Perm(); got != fileMode {
			t.Errorf("%s has mode %o, want %o", file, got, fileMode)
		}
	}
	openStore := func() error {
		got, err := Open(dir, passphrase)
		if err == nil {
			got.Close()
		}
		return err
	}
	openKey := func() error {
		_, err := s.Signer("org")
		return err
	}
	create := func() error {
		_, err := Create(dir, passphrase, 0)
		return err
	}
	for _, tt := range []struct {
		name string
		path string
		good os.FileMode
		open func() error
	}{
		{"folder", dir, folderMode, openStore},
		{"folder at Create", dir, folderMode, create},
		{"identity", filepath.Join(dir, identityFile), fileMode, openStore},
		{"key", filepath.Join(dir, "org"+keySuffix), fileMode, openKey},
	} {
		for bit := os.FileMode(1); bit <= 0o040; bit <<= 1 {
			if err := os.Chmod(tt.path, tt.good|bit); err != nil {
				t.Fatal(err)
			}
			if err := tt.open(); !errors.Is(err, ErrPermissions) {
				t.Errorf("%s with mode %o: %v, want ErrPermissions", tt.name, tt.good|bit, err)
			}
		}
		if err := os.Chmod(tt.path, tt.good); err != nil {
			t.Fatal(err)
		}
		if err := tt.open(); err != nil && !errors.Is(err, ErrExists) {
			t.Errorf("%s with mode %o: %v", tt.name, tt.good, err)
		}
	}
}

// A symbolic link must not lead the store out of its folder.
func TestLinksOutOfTheFolderAreRefused(t *testing.T) {
	s, dir, _ := newStore(t)
	must(s.NewSigningKey("org"))(t)
	outside := filepath.Join(t.TempDir(), "org")
	path := filepath.Join(dir, "org"+keySuffix)
	if err := errors.Join(os.Rename(path, outside), os.Symlink(outside, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Signer("org"); err == nil {
		t.Error("Signer followed a link out of the folder")
	}
}
