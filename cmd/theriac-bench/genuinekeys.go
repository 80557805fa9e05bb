package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hpke"
	crand "crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/merkle"
)

// perRound is how often a step is taken in a round.
const perRound = 400

// keys measures what devices and validators compute, beside the bare cryptography.
func (c *genuineCmd) keys(ctx context.Context, b bench, m *mill) ([]result, error) {
	b.progress("genuine: keys, answers and their checks")
	w, err := newBare(m)
	if err != nil {
		return nil, err
	}
	var out []result
	for _, x := range []struct {
		name, anchor string
		ours, bare   func() error
	}{
		{"verification information of a thing", "HKDF and Ed25519 key generation alone", w.register, w.bareRegister},
		{"answer of a measuring device, from the sealed challenge", "HPKE, HKDF, Ed25519 key and signature, P-256 signature alone", w.answer, w.bareAnswer},
		{"check of an identification among 100,000", "its Ed25519 and P-256 signatures and 17 hashes alone", w.check, w.bareCheck},
	} {
		all, err := interleave(ctx, 2*b.or(10), repeated(x.ours), repeated(x.bare))
		if err != nil {
			return nil, err
		}
		out = append(out, newResult(x.name, "µs", all[0], x.anchor, all[1]))
		if x.name == "verification information of a thing" {
			out = append(out, newResult("keys of things on one core", "keys/s", all[0].each(1e6), x.anchor, all[1].each(1e6)))
		}
	}
	return out, nil
}

// repeated returns how many microseconds a call takes when there are many.
func repeated(do func() error) func() (float64, error) {
	return func() (float64, error) {
		took, err := timed(func() error {
			for range perRound {
				if err := do(); err != nil {
					return err
				}
			}
			return nil
		})()
		return took / perRound, err
	}
}

// A bare is a mill with what it computes prepared, for the same without the product.
type bare struct {
	*mill
	readings []genuine.Reading
	u        *genuine.Transaction
	info     string // U
	sealed   []byte // challenge
	sealInfo []byte
	identify chain.Identify
	record   chain.Registration
	proof    [2][]byte // of Ed25519 and of P-256 in ASN.1
	signed   [2][]byte // what they sign
}

func newBare(m *mill) (*bare, error) {
	w := &bare{mill: m, readings: m.good(), u: m.transaction(77_777)}
	info, err := canon.JSON(w.u)
	if err != nil {
		return nil, err
	}
	w.info = string(info)
	id := canon.Sum([]byte("registration"))
	ch := m.challenge(id, w.u.Index)
	if w.sealed, err = ch.Seal(&m.line.Put.Devices[0]); err != nil {
		return nil, err
	}
	w.sealInfo = canon.Encode("theriac/challenge/1", m.kid[:])
	// The path is of a tree whose other leaves are nobody's.
	leaves := make(chain.Hashes, 100_000)
	v, err := m.key.Verification(w.readings, w.u)
	if err != nil {
		return nil, err
	}
	leaves[w.u.Index] = chain.MarkLeaf(v)
	tree := genuine.NewMarkTree(leaves)
	w.record = chain.Registration{Terms: m.terms("L", uint64(len(leaves)), 1, tree.Root()), From: benchGLN}
	if w.identify, err = m.identify(id, w.u.Index, tree); err != nil {
		return nil, err
	}
	identified, measured := w.identify.Identified(benchChain, benchTo), w.identify.Measured(benchChain, benchTo)
	w.signed = [2][]byte{identified, measured[:]}
	der, err := ecdsa.SignASN1(crand.Reader, m.device, measured[:])
	w.proof = [2][]byte{w.identify.Proof, der}
	return w, err
}

func (w *bare) register() error {
	_, err := w.key.Verification(w.readings, w.u)
	return err
}

func (w *bare) bareRegister() error {
	_, err := w.bareKey()
	return err
}

func (w *bare) bareKey() (ed25519.PrivateKey, error) {
	seed, err := hkdf.Key(sha256.New, w.key.J[:], w.u.Random[:], w.info, ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func (w *bare) answer() error {
	c, err := genuine.OpenChallenge(&w.line.Put.Devices[0], w.open, w.sealed)
	if err != nil {
		return err
	}
	_, err = w.key.Answer(c, w.readings, w.device)
	return err
}

func (w *bare) bareAnswer() error {
	if _, err := hpke.Open(w.open, hpke.HKDFSHA256(), hpke.AES256GCM(), w.sealInfo, w.sealed); err != nil {
		return err
	}
	key, err := w.bareKey()
	if err != nil {
		return err
	}
	ed25519.Sign(key, w.signed[0])
	_, err = ecdsa.SignASN1(crand.Reader, w.device, w.signed[1])
	return err
}

func (w *bare) check() error {
	return genuine.CheckIdentify(benchChain, benchTo, &w.identify, &w.record, &w.line)
}

func (w *bare) bareCheck() error {
	h := merkle.LeafHash(w.signed[1])
	for _, sibling := range w.identify.Path {
		h = merkle.NodeHash(h, sibling)
	}
	if !ed25519.Verify(w.identify.Key, w.signed[0], w.proof[0]) || !ecdsa.VerifyASN1(&w.device.PublicKey, w.signed[1], w.proof[1]) {
		return fmt.Errorf("the bare signatures do not verify, path to %s", h)
	}
	return nil
}

// noise is the paper's claim (3.3): keys are equal without correction of noise. One that
// is not, or one of a thing that is out of range, fails the program.
func (c *genuineCmd) noise(ctx context.Context, b bench, m *mill) ([]result, error) {
	b.progress("genuine: %d noisy measurements, and as many out of range", c.Measurements)
	u := m.transaction(0)
	want, err := m.key.Verification(m.good(), u)
	if err != nil {
		return nil, err
	}
	workers := runtime.GOMAXPROCS(0)
	counts, errs := make([]noiseCount, workers), make([]error, workers)
	var group sync.WaitGroup
	begin := time.Now()
	for w := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(begin.UnixNano()), uint64(w)))
			for i := w; i < c.Measurements && errs[w] == nil && ctx.Err() == nil; i += workers {
				errs[w] = counts[w].measure(m, random, u, want)
			}
		})
	}
	group.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return nil, err
	}
	var all noiseCount
	for _, n := range counts {
		all.equal, all.none, all.atLimit = all.equal+n.equal, all.none+n.none, all.atLimit+n.atLimit
	}
	b.progress("genuine: %d keys of %d measurements on %d cores in %s", all.equal, 2*c.Measurements, workers, time.Since(begin).Round(time.Millisecond))
	n := fixed(float64(c.Measurements))
	return []result{
		newResult("equal keys of noisy measurements in range", "keys", fixed(float64(all.equal)), "measurements", n),
		newResult("of these at a limit", "measurements", fixed(float64(all.atLimit)), "measurements", n),
		newResult("refusals of measurements out of range", "refusals", fixed(float64(all.none)), "measurements", n),
	}, nil
}

// A noiseCount is what became of measurements.
type noiseCount struct{ equal, atLimit, none int }

func (n *noiseCount) measure(m *mill, random *rand.Rand, u *genuine.Transaction, want canon.Digest) error {
	in, out := m.good(), m.good()
	limit := false
	for i, c := range m.key.Criteria {
		width := float64(c.High - c.Low)
		in[i].Value = min(max(in[i].Value+genuine.Quantity(random.NormFloat64()*width/5), c.Low), c.High)
		limit = limit || in[i].Value == c.Low || in[i].Value == c.High
		out[i].Value = in[i].Value
	}
	v, err := m.key.Verification(in, u)
	if err != nil || v != want {
		return fmt.Errorf("%v gives %s (%v), not %s", in, v, err, want)
	}
	n.equal++
	if limit {
		n.atLimit++
	}
	// One feature at least is out of range, often by a millionth of its unit.
	first := random.IntN(len(out))
	for i, c := range m.key.Criteria {
		if i != first && random.IntN(3) > 0 {
			continue
		}
		out[i].Value = c.High + 1 + genuine.Quantity(random.Int64N(1<<random.IntN(40)))
		if random.IntN(2) == 0 {
			out[i].Value = c.Low - (out[i].Value - c.High)
		}
	}
	v, err = m.key.Verification(out, u)
	if !errors.Is(err, genuine.ErrNotLegitimate) || !v.IsZero() {
		return fmt.Errorf("%v is out of range and gives %s (%v)", out, v, err)
	}
	n.none++
	return nil
}
