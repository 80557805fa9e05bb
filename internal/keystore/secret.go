package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"io"
	"os"

	"theriac/canon"
)

// A Secret is a symmetric key, a passphrase or a PIN. It prints as [secret],
// whatever the verb or the encoder. Two cannot be compared with ==.
type Secret struct {
	redacted
	// A function, because fmt cannot call methods on a field that is not
	// exported, and of a function it prints but the address.
	bytes func() []byte
}

// SecretOf returns a copy of b as a Secret.
func SecretOf(b []byte) Secret {
	b = bytes.Clone(b)
	return Secret{bytes: func() []byte { return bytes.Clone(b) }}
}

// Bytes returns a copy of the secret. Compare it with crypto/subtle only.
func (s Secret) Bytes() []byte {
	if s.bytes == nil {
		return nil
	}
	return s.bytes()
}

// passphraseSize is the size in bytes of a passphrase made by a machine.
const passphraseSize = 32

// NewPassphrase returns 256 random bits as 43 characters of base64url.
func NewPassphrase() Secret {
	var b [passphraseSize]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return SecretOf([]byte(canon.Text(b[:])))
}

// maxPassphrase bounds a passphrase file in bytes.
const maxPassphrase = 1 << 10

// ReadPassphrase reads a passphrase from a file, without the line break at
// its end. It returns ErrPermissions for a file open to group or others.
func ReadPassphrase(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("passphrase: %w", err)
	}
	defer f.Close()
	if err := checkMode(f); err != nil {
		return Secret{}, fmt.Errorf("passphrase %s: %w", path, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxPassphrase+1))
	if err != nil {
		return Secret{}, fmt.Errorf("passphrase: %w", err)
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	if len(b) == 0 || len(b) > maxPassphrase {
		return Secret{}, fmt.Errorf("passphrase %s: empty or over %d bytes: %w", path, maxPassphrase, ErrPassphrase)
	}
	return SecretOf(b), nil
}

// machineMade reports whether p has the form of NewPassphrase. What a person
// thinks up does not have it by chance; who dresses a weak passphrase up as 32
// bytes of base64url deceives only himself.
func machineMade(p Secret) bool {
	b, err := canon.ParseText(string(p.Bytes()))
	return err == nil && len(b) == passphraseSize
}

// A signer is a signing key that does not print. Those of crypto/ecdsa do.
type signer struct {
	redacted
	key func() crypto.Signer
}

func newSigner(key crypto.Signer) signer {
	return signer{key: func() crypto.Signer { return key }}
}

func (s signer) Public() crypto.PublicKey { return s.key().Public() }

func (s signer) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.key().Sign(random, digest, opts)
}

// An exchanger is the ECDH key within a seal key. It does not print, and since
// crypto/hpke does not know its type, the seal key's Bytes returns an error.
type exchanger struct {
	redacted
	key func() *ecdh.PrivateKey
}

func (e exchanger) PublicKey() *ecdh.PublicKey { return e.key().PublicKey() }

func (e exchanger) Curve() ecdh.Curve { return e.key().Curve() }

func (e exchanger) ECDH(peer *ecdh.PublicKey) ([]byte, error) { return e.key().ECDH(peer) }

// redacted gives its embedder the methods that keep it out of logs: Format for
// every verb of fmt, MarshalText for JSON, XML and slog, String for the rest.
type redacted struct{}

const redaction = "[secret]"

func (redacted) String() string { return redaction }

func (redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redaction) }

func (redacted) MarshalText() ([]byte, error) { return []byte(redaction), nil }
