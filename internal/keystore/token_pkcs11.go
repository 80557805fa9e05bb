//go:build pkcs11 && cgo

package keystore

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ThalesGroup/crypto11"
	"github.com/miekg/pkcs11"

	"theriac/canon"
	"theriac/envelope"
)

// hsm is the Signers of a PKCS#11 token. A key's name is its label.
type hsm struct {
	ctx *crypto11.Context
	// close is done once: crypto11 panics at the second time.
	close func() error
	// creating is held while a key is made: a token lets two keys have one label.
	creating sync.Mutex
}

// OpenToken opens a PKCS#11 token, or returns ErrPassphrase for a PIN that it
// refuses. The keys that it makes cannot be extracted. Secrets, seal keys and
// rotation are not to be had here: they stay in a Store. A login is the whole
// process's (PKCS#11 v2.40, section 5.6): while a token is open, opening it
// again checks no PIN.
func OpenToken(t Token) (Signers, error) {
	ctx, err := crypto11.Configure(&crypto11.Config{
		Path: t.Module, TokenLabel: t.Label, Pin: string(t.PIN.Bytes()),
	})
	var code pkcs11.Error
	if errors.As(err, &code) && slices.Contains(pinRefusals, code) {
		return nil, fmt.Errorf("token %q: %w: %w", t.Label, ErrPassphrase, err)
	}
	if err != nil {
		return nil, fmt.Errorf("token %q: %w", t.Label, err)
	}
	return &hsm{ctx: ctx, close: sync.OnceValue(ctx.Close)}, nil
}

var pinRefusals = []pkcs11.Error{
	pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE,
	pkcs11.CKR_PIN_EXPIRED, pkcs11.CKR_PIN_LOCKED,
}

func (h *hsm) Close() error { return h.close() }

func (h *hsm) Names() ([]string, error) {
	want := crypto11.NewAttributeSet()
	if err := want.Set(crypto11.CkaKeyType, pkcs11.CKK_EC); err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	keys, err := h.ctx.FindKeyPairsWithAttributes(want)
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	var names []string
	for _, k := range keys {
		label, err := h.ctx.GetAttribute(k, crypto11.CkaLabel)
		if err != nil {
			return nil, fmt.Errorf("names: %w", err)
		}
		// The token may hold other people's keys: on other curves, with labels
		// of any form.
		name := string(label.Value)
		if _, err := envelope.KeyOf(k); err == nil && checkName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (h *hsm) Signer(name string) (crypto.Signer, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	keys, err := h.ctx.FindKeyPairs(nil, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	switch len(keys) {
	case 0:
		return nil, fmt.Errorf("key %s: %w", name, ErrMissing)
	case 1:
		return usable(name, keys[0])
	}
	return nil, fmt.Errorf("%d keys with the label %s: %w", len(keys), name, ErrDamaged)
}

func (h *hsm) NewSigningKey(name string) (crypto.Signer, error) {
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	h.creating.Lock()
	defer h.creating.Unlock()
	before, err := h.ctx.FindKeyPairs(nil, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	if len(before) > 0 {
		return nil, fmt.Errorf("create %s: %w", name, ErrExists)
	}
	key, err := h.generate(name)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	// Another process may have made a key of that name in the meantime. Who sees
	// two takes its own back, so at most one is left: perhaps none, never two, as
	// long as the token shows a finished key to everybody. Signer refuses two.
	after, err := h.ctx.FindKeyPairs(nil, []byte(name))
	if err == nil && len(after) != 1 {
		err = ErrExists
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create %s: %w", name, err), key.Delete())
	}
	return usable(name, key)
}

// generate makes a key pair whose private half never leaves the token.
func (h *hsm) generate(name string) (crypto11.Signer, error) {
	// A random CKA_ID, because halves find each other by it.
	var id [16]byte
	rand.Read(id[:])
	public, err := crypto11.NewAttributeSetWithIDAndLabel(id[:], []byte(name))
	if err != nil {
		return nil, err
	}
	private := public.Copy()
	for attribute, value := range map[crypto11.AttributeType]bool{
		crypto11.CkaPrivate: true, crypto11.CkaSensitive: true, crypto11.CkaExtractable: false,
		crypto11.CkaSign: true, crypto11.CkaDerive: false, crypto11.CkaDecrypt: false, crypto11.CkaUnwrap: false,
	} {
		if err := private.Set(attribute, value); err != nil {
			return nil, err
		}
	}
	return h.ctx.GenerateECDSAKeyPairWithAttributes(public, private, elliptic.P256())
}

// usable returns ErrDamaged unless the two halves of the key belong together.
// The halves are two objects, found by label, and crypto11 takes any public key
// for a private one without CKA_ID. The digest signed here is random, so that the
// signature says nothing.
func usable(name string, key crypto.Signer) (crypto.Signer, error) {
	pub, err := envelope.KeyOf(key)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w: %w", name, ErrDamaged, err)
	}
	var digest canon.Digest
	rand.Read(digest[:])
	sig, err := envelope.SignDigest(key, digest)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	if err := pub.VerifyDigest(digest, sig); err != nil {
		return nil, fmt.Errorf("key %s: %w: %w", name, ErrDamaged, err)
	}
	return newSigner(key), nil
}
