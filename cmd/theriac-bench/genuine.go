package main

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
)

type genuineCmd struct {
	Measurements int           `help:"Noisy measurements in range, whose keys must be equal, and as many out of range, which must have none." default:"1000000"`
	Packs        []uint64      `help:"Packs that are registered in one go." default:"10000,100000,1000000"`
	Validators   []int         `help:"Numbers of validators to run." default:"1,4"`
	Clients      int           `help:"Clients that wait for each commit, when there is not one." default:"64"`
	Duration     time.Duration `help:"How long each throughput is measured in a round." default:"3s"`
	Tries        int           `help:"Tries of each attack in the paper's table 1." default:"300"`
}

// Help implements kong.HelpProvider.
func (genuineCmd) Help() string {
	return `Paper 001: keys beside the bare cryptography; a million noisy measurements, and the program
fails if one key in range is another or one out of range is there; what it takes to register,
verify and identify a thing, beside table 2 and in its gas; packs that are registered in one go;
all of that as a network commits it, beside transitions of packs; and table 1 as an experiment.

  theriac-bench genuine
  theriac-bench --rounds 1 genuine --measurements 100000 --packs 1000,10000 --validators 1`
}

func (c *genuineCmd) bench(ctx context.Context, b bench) ([]result, error) {
	m, err := newMill()
	if err != nil {
		return nil, err
	}
	var out []result
	for _, part := range []func(context.Context, bench, *mill) ([]result, error){
		c.keys, c.noise, c.contracts, c.batches, c.committed, c.table1,
	} {
		results, err := part(ctx, b, m)
		if err != nil {
			return nil, fmt.Errorf("genuine: %w", err)
		}
		out = append(out, results...)
	}
	return out, nil
}

// A mill is a product line with one device, whose packs go to the member that receives.
type mill struct {
	key    genuine.LineKey
	line   chain.Line
	device *ecdsa.PrivateKey
	open   hpke.PrivateKey
	kid    canon.Digest
	plan   genuine.Consignment
}

const benchProduct gs1.GTIN = "09521141200018"

func newMill() (*mill, error) {
	m := &mill{}
	var err error
	if m.device, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if m.open, err = hpke.DHKEM(ecdh.P256()).GenerateKey(); err != nil {
		return nil, err
	}
	point, err := envelope.KeyOf(m.device)
	if err != nil {
		return nil, err
	}
	m.kid = point.ID()
	m.key = genuine.LineKey{
		Line: chain.LineID(benchGLN, benchProduct), Epoch: 1, J: genuine.Judgment(newID()), Salt: newID(),
		Criteria: []genuine.Criterion{
			{Feature: "mass", Unit: "g", Low: 500_000, High: 530_000},
			{Feature: "nir_distance", Unit: "1", Low: 0, High: 40_000},
			{Feature: "refractive_index", Unit: "1", Low: 1_332_500, High: 1_333_500},
		},
	}
	criteria, err := m.key.Digest()
	m.line = chain.Line{Maker: benchGLN, Put: chain.PutLine{
		GTIN: benchProduct, Criteria: criteria, Epoch: 1,
		Devices: []chain.Device{{Point: point.Point(), Seal: m.open.PublicKey().Bytes(), Operator: benchGLN}},
	}}
	m.plan = genuine.Consignment{
		Chain: benchChain, Counter: 1, Epoch: 1, From: benchGLN, Line: m.key.Line, Place: benchTo, To: benchTo, Secret: [32]byte{1, 2, 3},
		Fields: map[string]string{"temperature": "4 °C"},
	}
	return m, err
}

// good are readings in the middle of the criteria.
func (m *mill) good() []genuine.Reading {
	var out []genuine.Reading
	for _, c := range m.key.Criteria {
		out = append(out, genuine.Reading{Feature: c.Feature, Unit: c.Unit, Value: (c.Low + c.High) / 2})
	}
	return out
}

func (m *mill) transaction(i uint64) *genuine.Transaction {
	return m.plan.Transaction(i, fmt.Sprintf("01%s21%016d", benchProduct, i))
}

// marks registers as a device does: each pack is judged, and has its key.
func (m *mill) marks(n uint64) (chain.Hashes, error) {
	out, readings := make(chain.Hashes, n), m.good()
	err := onAllCores(n, func(i uint64) error {
		v, err := m.key.Verification(readings, m.transaction(i))
		out[i] = chain.MarkLeaf(v)
		return err
	})
	return out, err
}

// onAllCores calls do with the numbers below n.
func onAllCores(n uint64, do func(i uint64) error) error {
	errs := make([]error, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for w := range errs {
		group.Go(func() {
			for i := uint64(w); i < n && errs[w] == nil; i += uint64(len(errs)) {
				errs[w] = do(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// terms are those of packs [0, n) of the lot.
func (m *mill) terms(lot gs1.Lot, n, counter uint64, root canon.Digest) chain.Terms {
	return chain.Terms{
		Line: m.key.Line, Epoch: 1, Counter: counter, To: benchTo, Place: benchTo, Root: root,
		Batch: chain.BatchID(benchGLN, benchProduct, lot), Ranges: []chain.Range{{From: 0, To: n}},
	}
}

// register returns the argument of a registration, signed by the device.
func (m *mill) register(t chain.Terms) (chain.Register, error) {
	signed, err := chain.Registered(benchChain, benchGLN, &t)
	if err != nil {
		return chain.Register{}, err
	}
	sig, err := envelope.SignDigest(m.device, signed)
	return chain.Register{Terms: t, Device: m.kid, Signature: sig}, err
}

func (m *mill) challenge(id canon.Digest, i uint64) *genuine.Challenge {
	return &genuine.Challenge{Registration: id, Consignee: benchTo, Place: benchTo, Nonce: newID(), Transaction: *m.transaction(i)}
}

// identify returns the argument of an identification, as the device answered.
func (m *mill) identify(id canon.Digest, i uint64, tree *genuine.MarkTree) (chain.Identify, error) {
	c := m.challenge(id, i)
	a, err := m.key.Answer(c, m.good(), m.device)
	if err != nil {
		return chain.Identify{}, err
	}
	path, err := tree.Path(i)
	return chain.Identify{
		Registration: id, Index: i, Path: path, Place: c.Place, Nonce: c.Nonce,
		Key: a.Key, Proof: a.Proof, Device: a.Device, Signature: a.Signature,
	}, err
}

// release are the steps by which a lot comes to the ledger, as captured from a
// document, which needs no history.
func (m *mill) release(lot gs1.Lot, size uint64) []argument {
	document := canon.Sum([]byte("document of " + lot))
	return []argument{
		{chain.KindEvidence, chain.Evidence{Digest: document, Media: "text/plain"}},
		{chain.KindBatch, chain.BatchRelease{
			GTIN: benchProduct, Lot: lot, Expiry: "2099-12-31", Size: size, Root: canon.Sum([]byte(lot)), Initial: chain.UnitActive, Evidence: document,
		}},
	}
}

// An argument is what a transaction of a kind says.
type argument struct {
	kind chain.Kind
	body any
}
