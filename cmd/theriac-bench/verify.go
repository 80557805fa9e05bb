package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"os"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/journey"
	"theriac/lightclient"
	"theriac/pedigree"
)

type verifyCmd struct {
	Validators int `help:"Validators whose commit stands in the evidence." default:"4"`
}

// Help implements kong.HelpProvider.
func (verifyCmd) Help() string {
	return `The evidence of a pack that went through six exchanges (messages with anchors, Cert_D,
header with commit, proofs of batch, pack, records and log) is read and verified. The
anchor verifies the same signatures with the same primitives and does nothing else.

  theriac-bench verify
  theriac-bench --rounds 500 verify --validators 1`
}

// verifyRounds is many, because a round takes a millisecond.
const verifyRounds = 1000

func (c *verifyCmd) bench(ctx context.Context, b bench) ([]result, error) {
	b.progress("verify: telling the story with %d validators", c.Validators)
	trust, raw, err := evidence(ctx, b.dir, c.Validators)
	if err != nil {
		return nil, err
	}
	bundle, err := theriac.ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	bare, err := collect(trust, bundle)
	if err != nil {
		return nil, err
	}
	b.progress("verify: %d bytes, %d exchanges, %d P-256 and %d Ed25519 signatures", len(raw), len(bundle.Exchanges), len(bare.p256), len(bare.ed25519))
	judge := func(parsed *theriac.Bundle) error {
		if v := parsed.Verify(trust, time.Now()); v.Verdict != theriac.Genuine {
			return fmt.Errorf("the story's own pack is %s: %s", v.Verdict, v.Reason)
		}
		return nil
	}
	all, err := interleave(ctx, b.or(verifyRounds),
		timed(bare.verify),
		timed(func() error { return judge(bundle) }),
		timed(func() error {
			parsed, err := theriac.ParseBundle(raw)
			if err != nil {
				return err
			}
			return judge(parsed)
		}))
	if err != nil {
		return nil, err
	}
	anchor := fmt.Sprintf("bare: %d P-256, %d Ed25519 signatures", len(bare.p256), len(bare.ed25519))
	return []result{
		newResult("verify a history of six exchanges", "µs", all[1], anchor, all[0]),
		newResult("verify it from its bytes", "µs", all[2], anchor, all[0]),
	}, nil
}

// timed returns how many microseconds a call takes.
func timed(do func() error) func() (float64, error) {
	return func() (float64, error) {
		begin := time.Now()
		err := do()
		return float64(time.Since(begin).Nanoseconds()) / 1e3, err
	}
}

// evidence tells the story on a stage and returns the trust root and the bundle
// of a pack that is with the distributor: six exchanges lead to it.
func evidence(ctx context.Context, dir string, validators int) (trust theriac.Trust, raw []byte, err error) {
	dir, err = os.MkdirTemp(dir, "theriac-bench-")
	if err != nil {
		return trust, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stage, err := journey.Open(ctx, journey.StageConfig{Dir: dir, Validators: validators})
	if err != nil {
		return trust, nil, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	const packs = 10_000
	story := &journey.Story{Cast: stage.Cast, Packs: packs, Tell: func(string, string) {}}
	if err := story.Run(ctx); err != nil {
		return trust, nil, err
	}
	// The first half went on to the pharmacy.
	code, err := story.Scan(ctx, packs-1)
	if err != nil {
		return trust, nil, err
	}
	if raw, err = stage.Cast.Distributor.API.Bundle(ctx, code); err != nil {
		return trust, nil, err
	}
	trust, err = theriac.ParseTrust(stage.Trust)
	return trust, raw, err
}

// signatures are those of a bundle, as the standard library takes them.
type signatures struct {
	p256    []p256Signature
	ed25519 []ed25519Signature
	holders map[canon.Digest]envelope.Key
}

type p256Signature struct {
	key    *ecdsa.PublicKey
	digest canon.Digest
	der    []byte
}

type ed25519Signature struct{ key, message, signature []byte }

// verify is the anchor.
func (s *signatures) verify() error {
	for i := range s.p256 {
		if x := &s.p256[i]; !ecdsa.VerifyASN1(x.key, x.digest[:], x.der) {
			return errors.New("a P-256 signature does not verify")
		}
	}
	for i := range s.ed25519 {
		if x := &s.ed25519[i]; !ed25519.Verify(x.key, x.message, x.signature) {
			return errors.New("an Ed25519 signature does not verify")
		}
	}
	return nil
}

// collect finds the signatures that a bundle's verification needs: of each
// message and its anchor, of Cert_D, and of each validator under each header.
func collect(trust theriac.Trust, b *theriac.Bundle) (*signatures, error) {
	s := &signatures{holders: map[canon.Digest]envelope.Key{}}
	for i := range b.State {
		if err := s.keys(&b.State[i]); err != nil {
			return nil, err
		}
	}
	for i := range b.Exchanges {
		if err := s.exchange(trust.ChainID, &b.Exchanges[i]); err != nil {
			return nil, err
		}
	}
	for i := range b.Chain {
		block := &b.Chain[i]
		for j, vote := range block.Commit.Signatures {
			if vote.Flag == lightclient.FlagAbsent {
				continue
			}
			s.ed25519 = append(s.ed25519, ed25519Signature{
				block.Validators[j].Key, block.Commit.SignBytes(trust.ChainID, j), vote.Signature,
			})
		}
	}
	return s, s.verify()
}

// keys takes the keys of a member's record.
func (s *signatures) keys(r *theriac.Record) error {
	var m chain.Member
	if string(r.Key) != "member/"+memberOf(r.Key) {
		return nil
	}
	if err := canon.DecodeCBOR(r.Value, &m); err != nil {
		return err
	}
	for _, k := range m.Keys {
		key, err := envelope.ParseKey(k.Point)
		if err != nil {
			return err
		}
		s.holders[key.ID()] = key
	}
	return nil
}

func memberOf(key []byte) string { return string(key[min(len(key), len("member/")):]) }

// exchange takes the signatures of a message, of its anchor and of Cert_D in it.
func (s *signatures) exchange(chainID string, x *theriac.Exchange) error {
	e, err := envelope.ParseJWS([]byte(x.Envelope))
	if err != nil {
		return err
	}
	anchor, err := anchorOf(chainID, e, x)
	if err != nil {
		return err
	}
	found := []envelope.Signature{e.Signature(), anchor.Signature}
	content, err := pedigree.Read(x.Type, x.Body)
	if err != nil {
		return err
	}
	if d, ok := content.(*pedigree.Decision); ok {
		cert, err := pedigree.ParseCertificate(chainID, d.Certificate)
		if err != nil {
			return err
		}
		found = append(found, cert.JWS.Signature)
	}
	for _, sig := range found {
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(sig.Bytes[:32]), new(big.Int).SetBytes(sig.Bytes[32:])})
		if err != nil {
			return err
		}
		s.p256 = append(s.p256, p256Signature{s.holders[sig.KeyID].Public(), sig.Digest, der})
	}
	return nil
}

// anchorOf rebuilds the anchoring transaction, which a bundle does not carry.
func anchorOf(chainID string, e *envelope.Envelope, x *theriac.Exchange) (*envelope.Sign1, error) {
	body, err := canon.CBOR(x.Body)
	if err != nil {
		return nil, err
	}
	arg, err := canon.CBOR(chain.Exchange{Message: []byte(x.Envelope), Body: body, Paper: x.Anchor.Paper})
	if err != nil {
		return nil, err
	}
	payload, err := canon.CBOR(chain.Tx{
		Chain: chainID, Kind: chain.KindExchange, Sender: e.Claims.Audience, ID: x.Anchor.ID, Time: x.Anchor.Time, Body: arg,
	})
	if err != nil {
		return nil, err
	}
	_, anchor := envelope.AssembleSign1(x.Anchor.KeyID, chain.TxType, payload, [envelope.SignatureSize]byte(x.Anchor.Signature))
	return anchor, nil
}
