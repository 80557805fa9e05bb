package genuine

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/merkle"
	"theriac/refusal"
)

var (
	// ErrProof is returned for an answer that does not prove the measurement.
	ErrProof = refusal.New("bad_proof", "the identification key does not prove the measurement")
	// ErrDevice is returned for what no device of the product line signed.
	ErrDevice = refusal.New("unknown_device", "no device of the product line signed this")
)

// A Challenge is what the consignee's identification device asks of a measuring
// device. It is sealed to that device: who carries it learns nothing of U.
type Challenge struct {
	Registration canon.Digest `cbor:"1,keyasint"`
	Consignee    string       `cbor:"2,keyasint"` // GLN
	Place        string       `cbor:"3,keyasint"` // GLN, the readPoint
	Nonce        canon.ID     `cbor:"4,keyasint"`
	Transaction  Transaction  `cbor:"5,keyasint"`
}

// Format names the thing; the rest is secret, whatever the verb.
func (c Challenge) Format(f fmt.State, verb rune) { c.Transaction.Format(f, verb) }

// Seal encrypts the challenge to a device.
func (c *Challenge) Seal(d *chain.Device) (canon.Bytes, error) {
	info, err := challengeInfo(d)
	if err != nil {
		return nil, err
	}
	return seal(d.Seal, info, c)
}

// OpenChallenge decrypts a challenge with the device's seal key.
func OpenChallenge(d *chain.Device, key hpke.PrivateKey, sealed []byte) (*Challenge, error) {
	info, err := challengeInfo(d)
	if err != nil {
		return nil, err
	}
	var c Challenge
	if err := open(key, info, sealed, &c); err != nil {
		return nil, err
	}
	return &c, c.Transaction.Check()
}

func challengeInfo(d *chain.Device) ([]byte, error) {
	pub, err := envelope.ParseKey(d.Point)
	if err != nil {
		return nil, err
	}
	kid := pub.ID()
	return canon.Encode("theriac/challenge/1", kid[:]), nil
}

// identify returns the argument of the ledger's contract, without proofs.
func (c *Challenge) identify() *chain.Identify {
	return &chain.Identify{Registration: c.Registration, Index: c.Transaction.Index, Place: c.Place, Nonce: c.Nonce}
}

// An Answer is what a measuring device returns for a thing that is legitimate. It has
// no secret.
type Answer struct {
	Key       canon.Bytes  `json:"key"`       // Ed25519, derived from the identification key
	Proof     canon.Bytes  `json:"proof"`     // by Key, over chain.Identify.Identified
	Device    canon.Digest `json:"device"`    // RFC 7638 thumbprint
	Signature canon.Bytes  `json:"signature"` // the device's, over chain.Identify.Measured
}

// Answer measures for a challenge: it judges the readings, derives the identification
// key, and signs (3.3, steps 2 to 4). The key is forgotten with the call.
func (k *LineKey) Answer(c *Challenge, readings []Reading, device crypto.Signer) (*Answer, error) {
	key, err := k.generate(readings, &c.Transaction)
	if err != nil {
		return nil, err
	}
	pub, err := envelope.KeyOf(device)
	if err != nil {
		return nil, err
	}
	i := c.identify()
	i.Key = key.Public().(ed25519.PublicKey)
	sig, err := envelope.SignDigest(device, i.Measured(c.Transaction.Chain, c.Consignee))
	if err != nil {
		return nil, err
	}
	return &Answer{
		Key: i.Key, Proof: ed25519.Sign(key, i.Identified(c.Transaction.Chain, c.Consignee)), Device: pub.ID(), Signature: sig,
	}, nil
}

// Identify makes the ledger's argument of an answer, with the path from the mark to
// the registration's root. It returns ErrProof or ErrDevice for an answer that the
// ledger would refuse (3.4, step 2).
func (c *Challenge) Identify(a *Answer, path chain.Hashes, r *chain.Registration, line *chain.Line) (*chain.Identify, error) {
	i := c.identify()
	i.Path, i.Key, i.Proof, i.Device, i.Signature = path, a.Key, a.Proof, a.Device, a.Signature
	return i, CheckIdentify(c.Transaction.Chain, c.Consignee, i, r, line)
}

// CheckIdentify verifies that a device of the line measured the thing and found it
// legitimate: only then is the derived key there, whose hash was registered.
func CheckIdentify(chainID, consignee string, i *chain.Identify, r *chain.Registration, line *chain.Line) error {
	at := marks{i.Key, i.Index, r.Terms.Size(), i.Path, r.Terms.Root}
	if err := at.check(i.Proof, i.Identified(chainID, consignee)); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return checkDevice(line, i.Device, i.Measured(chainID, consignee), i.Signature)
}

// CheckRegister verifies that a device of the line made the marks that a member
// registers.
func CheckRegister(chainID, member string, r *chain.Register, line *chain.Line) error {
	signed, err := chain.Registered(chainID, member, &r.Terms)
	if err != nil {
		return err
	}
	return checkDevice(line, r.Device, signed, r.Signature)
}

// checkDevice verifies the signature of a device that is in the line's record.
func checkDevice(line *chain.Line, kid, signed canon.Digest, sig []byte) error {
	for _, d := range line.Put.Devices {
		key, err := envelope.ParseKey(d.Point)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDevice, err)
		}
		if key.ID() != kid {
			continue
		}
		if err := key.VerifyDigest(signed, sig); err != nil {
			return fmt.Errorf("%w: %w", ErrDevice, err)
		}
		return nil
	}
	return fmt.Errorf("%w: %s", ErrDevice, kid)
}

// marks is where the verification information of a key is to stand.
type marks struct {
	key         []byte
	index, size uint64
	path        chain.Hashes
	root        canon.Digest
}

var errSignature = errors.New("signature of the derived key")

func (m *marks) check(proof, signed []byte) error {
	if len(m.key) != ed25519.PublicKeySize || len(proof) != ed25519.SignatureSize {
		return errSignature
	}
	if err := merkle.VerifyInclusion(chain.MarkLeaf(chain.Verification(m.key)), m.index, m.size, m.path, m.root); err != nil {
		return err
	}
	if !ed25519.Verify(m.key, signed, proof) {
		return errSignature
	}
	return nil
}
