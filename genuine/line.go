package genuine

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/refusal"
)

var (
	// ErrSealed is returned for sealed bytes that do not open to what they should.
	ErrSealed = refusal.New("bad_seal", "what was sealed does not open to what it should be")
	// ErrTransaction is returned for transaction information that is not of this line.
	ErrTransaction = refusal.New("bad_transaction", "the transaction information is not of this product line")
)

// A Judgment is the value J of a product line, 128 random bits that stand for
// "legitimate" (3.2). It exists in the devices of the line only.
type Judgment [16]byte

// Format hides the value from every verb of fmt.
func (Judgment) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText hides the value from JSON and logs. CBOR, which is only sealed, has it.
func (Judgment) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// A LineKey is what a device of a product line has in its key store. It is the same in
// all devices of an epoch.
type LineKey struct {
	Line     canon.Digest `cbor:"1,keyasint"`
	Epoch    uint64       `cbor:"2,keyasint"`
	J        Judgment     `cbor:"3,keyasint"`
	Criteria []Criterion  `cbor:"4,keyasint"`
	Salt     canon.ID     `cbor:"5,keyasint"`
}

// Format hides the key from every verb of fmt.
func (LineKey) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText hides the key from JSON and logs.
func (LineKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Digest returns what the ledger holds of the criteria. The salt keeps ranges from
// being guessed.
func (k *LineKey) Digest() (canon.Digest, error) {
	if err := CheckCriteria(k.Criteria); err != nil {
		return canon.Digest{}, err
	}
	raw, err := canon.CBOR(k.Criteria)
	return canon.Hash("theriac/criteria/1", k.Salt[:], raw), err
}

// SealLineKey encrypts the key to a device that was admitted to the line.
func SealLineKey(chainID string, d *chain.Device, k *LineKey) (canon.Bytes, error) {
	info, err := lineInfo(chainID, d)
	if err != nil {
		return nil, err
	}
	return seal(d.Seal, info, k)
}

// OpenLineKey decrypts the key of a line with the device's seal key, and returns
// ErrSealed unless it is the line's, of this record or of an earlier epoch.
func OpenLineKey(chainID string, d *chain.Device, key hpke.PrivateKey, line *chain.Line, sealed []byte) (*LineKey, error) {
	info, err := lineInfo(chainID, d)
	if err != nil {
		return nil, err
	}
	var k LineKey
	if err := open(key, info, sealed, &k); err != nil {
		return nil, err
	}
	digest, err := k.Digest()
	if err != nil {
		return nil, err
	}
	switch {
	case subtle.ConstantTimeCompare(k.J[:], make([]byte, len(k.J))) == 1:
		return nil, fmt.Errorf("%w: no judgment value", ErrSealed)
	case k.Line != chain.LineID(line.Maker, line.Put.GTIN) || k.Epoch == 0 || k.Epoch > line.Put.Epoch:
		return nil, fmt.Errorf("%w: line %s, epoch %d", ErrSealed, k.Line, k.Epoch)
	case k.Epoch == line.Put.Epoch && digest != line.Put.Criteria:
		return nil, fmt.Errorf("%w: other criteria than the ledger has", ErrSealed)
	}
	return &k, nil
}

func lineInfo(chainID string, d *chain.Device) ([]byte, error) {
	pub, err := envelope.ParseKey(d.Point)
	if err != nil {
		return nil, err
	}
	kid := pub.ID()
	return canon.Encode("theriac/line-key/1", []byte(chainID), kid[:]), nil
}

// Verification judges the readings of a thing and returns the verification information
// V of its transaction: what a registration device does (3.2, steps 2 to 4).
func (k *LineKey) Verification(readings []Reading, u *Transaction) (canon.Digest, error) {
	key, err := k.generate(readings, u)
	if err != nil {
		return canon.Digest{}, err
	}
	return chain.Verification(key.Public().(ed25519.PublicKey)), nil
}

// generate is the generation section: it judges, and only if the thing is legitimate
// is there a key.
func (k *LineKey) generate(readings []Reading, u *Transaction) (ed25519.PrivateKey, error) {
	if u.Line != k.Line || u.Epoch != k.Epoch {
		return nil, fmt.Errorf("%w: line %s, epoch %d", ErrTransaction, u.Line, u.Epoch)
	}
	if err := u.Check(); err != nil {
		return nil, err
	}
	if err := Judge(k.Criteria, readings); err != nil {
		return nil, err
	}
	info, err := canon.JSON(u)
	if err != nil {
		return nil, err
	}
	seed, err := hkdf.Key(sha256.New, k.J[:], u.Random[:], string(info), ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// seal encrypts a value's CBOR to a P-256 point: HPKE base mode (RFC 9180) with
// DHKEM(P-256), HKDF-SHA256 and AES-256-GCM. A signature authenticates the sender
// where that matters.
func seal(point, info []byte, v any) (canon.Bytes, error) {
	pub, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("%w: seal key", ErrSealed)
	}
	pk, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: seal key", ErrSealed)
	}
	plain, err := canon.CBOR(v)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(pk, hpke.HKDFSHA256(), hpke.AES256GCM(), info, plain)
}

func open(key hpke.PrivateKey, info, sealed []byte, v any) error {
	plain, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSealed, err)
	}
	if err := canon.DecodeCBOR(plain, v); err != nil {
		return fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return nil
}
