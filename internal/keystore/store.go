package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

const identityFile = "identity.age"

// Scrypt work factors, as powers of two. A person's passphrase gets age's
// default (256 MiB, about a second). A passphrase of NewPassphrase needs no
// stretching: stretching makes each guess dearer, and 2^255 guesses are out of
// reach at any price. It gets the least that scrypt knows, which still derives
// the key one way, by PBKDF2-HMAC-SHA256 (RFC 7914, section 6). The upper bound
// keeps a damaged file from asking for more than 1 GiB.
const (
	personWorkFactor  = 18
	machineWorkFactor = 1
	maxWorkFactor     = 20
)

// A Store is a folder of encrypted keys. It caches nothing, so that a change
// made by another process is seen at once. Its methods may be called
// concurrently, except Close.
type Store struct {
	folder   folder
	identity *age.HybridIdentity
}

// Create makes a store in dir, which must be missing or empty. The work factor
// is scrypt's, as a power of two; 0 takes what the passphrase needs (18, or 1
// for one of NewPassphrase), and less than that is refused with ErrPassphrase.
func Create(dir string, passphrase Secret, workFactor int) (*Store, error) {
	workFactor, err := checkWorkFactor(passphrase, workFactor)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", dir, err)
	}
	f, err := makeFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", dir, err)
	}
	id, err := f.addIdentity(passphrase, workFactor)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create %s: %w", dir, err), f.root.Close())
	}
	return &Store{folder: f, identity: id}, nil
}

func checkWorkFactor(passphrase Secret, asked int) (int, error) {
	need := personWorkFactor
	if machineMade(passphrase) {
		need = machineWorkFactor
	}
	switch {
	case len(passphrase.Bytes()) == 0:
		return 0, fmt.Errorf("empty: %w", ErrPassphrase)
	case asked == 0:
		return need, nil
	case asked < need || asked > maxWorkFactor:
		return 0, fmt.Errorf("work factor %d outside %d to %d: %w", asked, need, maxWorkFactor, ErrPassphrase)
	}
	return asked, nil
}

func (f folder) addIdentity(passphrase Secret, workFactor int) (*age.HybridIdentity, error) {
	files, err := f.list()
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		// Keys without their identity are lost keys: do not bury them.
		if !strings.HasPrefix(file, tmpPrefix) {
			return nil, fmt.Errorf("the folder holds %s: %w", file, ErrExists)
		}
	}
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	to, err := age.NewScryptRecipient(string(passphrase.Bytes()))
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(workFactor)
	raw, err := encrypt([]byte(id.String()+"\n"), to)
	if err != nil {
		return nil, err
	}
	return id, f.add(identityFile, raw)
}

// Open opens the store in dir. It returns ErrMissing, ErrPermissions,
// ErrPassphrase or ErrDamaged.
func Open(dir string, passphrase Secret) (*Store, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	id, err := f.readIdentity(passphrase)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", dir, err), f.root.Close())
	}
	return &Store{folder: f, identity: id}, nil
}

func (f folder) readIdentity(passphrase Secret) (*age.HybridIdentity, error) {
	raw, err := f.read(identityFile)
	if err != nil {
		return nil, err
	}
	by, err := age.NewScryptIdentity(string(passphrase.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("empty: %w", ErrPassphrase)
	}
	by.SetMaxWorkFactor(maxWorkFactor)
	text, err := decrypt(raw, by)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", identityFile, ErrDamaged)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil || len(ids) != 1 {
		return nil, fmt.Errorf("%s: %w", identityFile, ErrDamaged)
	}
	id, ok := ids[0].(*age.HybridIdentity)
	if !ok {
		return nil, fmt.Errorf("%s: not a post-quantum identity: %w", identityFile, ErrDamaged)
	}
	return id, nil
}

func encrypt(plain []byte, to age.Recipient) ([]byte, error) {
	var buf bytes.Buffer
	w, err := age.Encrypt(&buf, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// decrypt returns the plain text of an age file. Its errors can quote the file,
// which may be anything: callers branch on them and do not pass them on.
func decrypt(raw []byte, by age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(raw), by)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
