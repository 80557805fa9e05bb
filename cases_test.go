package theriac_test

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"time"

	"theriac"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// A shown is evidence as it comes to a verifier.
type shown struct {
	bundle *theriac.Bundle
	trust  theriac.Trust
	now    time.Time
}

// A sentence is what a verdict comes to, in machine's words.
type sentence struct {
	Verdict theriac.Outcome `json:"verdict"`
	Step    pedigree.Step   `json:"step"`
	Blame   string          `json:"blame"`
	Proven  bool            `json:"proven"`
	Code    string          `json:"code"`
}

// A golden is a case that testdata/bundles keeps for other verifiers.
type golden struct {
	name string // of the file
	why  string
	make func(s *scene) shown
	want sentence
}

var (
	good     = sentence{Verdict: theriac.Genuine}
	ledgerNo = sentence{theriac.Refused, theriac.StepLedger, "", false, "not_on_ledger"}
	distNo   = func(code string) sentence {
		return sentence{theriac.Refused, "distribution", "distributor", false, code}
	}
	approveNo = func(code string) sentence { return sentence{theriac.Refused, "approval", "manufacturer", false, code} }
	matterNo  = func(code string) sentence { return sentence{theriac.Refused, "material", "supplier", false, code} }
	batchNo   = func(code string) sentence { return sentence{theriac.Refused, theriac.StepBatch, "", false, code} }
	packNo    = func(code string) sentence { return sentence{theriac.Refused, theriac.StepPack, "", false, code} }
	proven    = func(step pedigree.Step, blame chain.Role, code string) sentence {
		return sentence{theriac.Refused, step, string(blame), true, code}
	}
)

// honest is the evidence of a pack at the pharmacy.
func (s *scene) honest() shown { return shown{s.show(0), s.trust(), s.now()} }

// with is honest evidence with something done to it.
func with(do func(s *scene, b *theriac.Bundle)) func(*scene) shown {
	return func(s *scene) shown {
		out := s.honest()
		do(s, out.bundle)
		return out
	}
}

// after is honest evidence of what the ledger came to.
func after(do func(s *scene)) func(*scene) shown {
	return func(s *scene) shown {
		do(s)
		return s.honest()
	}
}

// goldens are all cases. Each is made of its own fork of one scene.
func goldens() []golden {
	var all []golden
	for _, part := range [][]golden{genuineOnes, headerOnes, stateOnes, historyOnes, mixedOnes, provenOnes, todayOnes, alertOnes, measuredOnes} {
		all = append(all, part...)
	}
	return all
}

var genuineOnes = []golden{
	{"genuine", "the paper's story, pack at the pharmacy", (*scene).honest, good},
	{"genuine-at-distributor", "a pack that the distributor still has", func(s *scene) shown {
		return shown{s.show(3), s.trust(), s.now()}
	}, good},
	{"genuine-one-validator-absent", "three of four validators signed", with(func(s *scene, b *theriac.Bundle) {
		b.Chain[0] = s.validators.Sign(b.Chain[0].Header, 2)
	}), good},
	{"genuine-new-validators", "two headers, between which a validator was replaced", func(s *scene) shown {
		out := s.honest()
		b, next := out.bundle, ledgertest.NewValidators(5)
		next = slices.DeleteFunc(next, func(k ed25519.PrivateKey) bool { return k.Equal(s.validators[0]) })
		h := next.Header(s.Height+9, s.Now.Add(9*time.Second), b.Root.AppHash())
		b.Chain = append(b.Chain, next.Sign(h))
		return out
	}, good},
	{"genuine-key-revoked-later", "the manufacturer's key was revoked after all it signed (000-17)", after(func(s *scene) { s.renew(s.DM) }), good},
	{"genuine-question", "the administration asked a question before it approved", func(s *scene) shown {
		s.World = ledgertest.NewWorld(s.t)
		s.Develop()
		first := s.tell(s.DM, s.DA, s.Dossiers(), s.Supply)
		asked := s.tell(s.DA, s.DM, &pedigree.Decision{Decision: pedigree.Question, Reasons: "stability?"}, first)
		d := s.Dossiers()
		s.Dossier = s.tell(s.DM, s.DA, d, asked)
		cert := s.DA.Credential(s.DM, d.Documents, ledgertest.Number, s.Now, s.Product)
		s.Decision = s.tell(s.DA, s.DM, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, s.Dossier)
		s.Make("L42", 8)
		s.Distribute(0, 4)
		s.Deliver(0, 2)
		return s.honest()
	}, good},
}

var headerOnes = []golden{
	{"wrong-chain", "a verifier who pins another chain", func(s *scene) shown {
		out := s.honest()
		out.trust.ChainID = "theriac-other"
		return out
	}, ledgerNo},
	{"wrong-validators", "a header of validators that nobody pinned", with(func(s *scene, b *theriac.Bundle) {
		b.Chain = s.Path(strangers(s.validators), b.Root)
	}), ledgerNo},
	{"half-signed", "two of four validators signed", with(func(s *scene, b *theriac.Bundle) {
		b.Chain[0] = s.validators.Sign(b.Chain[0].Header, 0, 1)
	}), ledgerNo},
	{"two-thirds-signed", "exactly two thirds signed: more is asked for", func(s *scene) shown {
		out := s.honest()
		v := ledgertest.NewValidators(3)
		out.bundle.Chain[0] = v.Sign(v.Header(s.Height+1, s.Now.Add(time.Second), out.bundle.Root.AppHash()), 1)
		out.trust = trustIn(v)
		return out
	}, ledgerNo},
	{"vote-for-another-block", "a vote's signature is of another header", with(func(s *scene, b *theriac.Bundle) {
		h := b.Chain[0].Header
		h.Height++
		b.Chain[0].Commit.Signatures[2] = s.validators.Sign(h).Commit.Signatures[2]
	}), ledgerNo},
	{"header-dated-on", "an old header under a new date", with(func(_ *scene, b *theriac.Bundle) {
		h := &b.Chain[0].Header
		at := time.Time(h.Time).Add(time.Hour)
		*(*time.Time)(&h.Time) = at
	}), ledgerNo},
	{"other-state", "a true header, which covers another state", with(func(_ *scene, b *theriac.Bundle) { b.Root.StateRoot[5] ^= 1 }), ledgerNo},
	{"other-log-size", "a true header, which covers another log", with(func(_ *scene, b *theriac.Bundle) { b.Root.LogSize++ }), ledgerNo},
	{"no-header", "no header at all", with(func(_ *scene, b *theriac.Bundle) { b.Chain = b.Chain[:0] }), ledgerNo},
	{"untrusted-jump", "the last of two headers is signed by strangers alone", with(func(s *scene, b *theriac.Bundle) {
		v := strangers(s.validators)
		b.Chain = append(b.Chain, v.Sign(v.Header(s.Height+9, s.Now.Add(9*time.Second), b.Root.AppHash())))
	}), ledgerNo},
}

// strangers are four other validators.
func strangers(v ledgertest.Validators) ledgertest.Validators {
	return slices.DeleteFunc(ledgertest.NewValidators(8), func(k ed25519.PrivateKey) bool {
		return slices.ContainsFunc(v, func(o ed25519.PrivateKey) bool { return o.Equal(k) })
	})
}

var stateOnes = []golden{
	{"stale-record", "the batch's record from before its recall, under a later header", func(s *scene) shown {
		old := s.show(0)
		s.recall(chain.Recall{Batch: s.Batch, Status: chain.Recalled})
		out := s.honest()
		*record(s.t, out.bundle, chain.BatchKey(s.Batch)) = *record(s.t, old, chain.BatchKey(s.Batch))
		return out
	}, ledgerNo},
	{"record-left-out", "the page with the packs' states is left out", with(func(s *scene, b *theriac.Bundle) {
		b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool { return string(r.Key) == string(chain.UnitsKey(s.Batch, 0)) })
	}), ledgerNo},
	{"records-swapped", "two records of the state in each other's place", with(func(_ *scene, b *theriac.Bundle) {
		b.State[3], b.State[4] = b.State[4], b.State[3]
	}), sentence{theriac.Refused, theriac.StepLedger, "", false, "bad_bundle"}},
	{"record-twice", "a record of the state twice", with(func(_ *scene, b *theriac.Bundle) {
		b.State = append(b.State, b.State[len(b.State)-1])
	}), sentence{theriac.Refused, theriac.StepLedger, "", false, "bad_bundle"}},
	{"no-batch", "the record of the batch is left out", with(func(_ *scene, b *theriac.Bundle) {
		b.State = b.State[1:]
	}), ledgerNo},
	{"product-left-out", "the record of the product, which may be recalled, is left out", with(func(s *scene, b *theriac.Bundle) {
		b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool { return string(r.Key) == string(chain.ProductKey(s.Product)) })
	}), ledgerNo},
	{"two-batches", "the record of a second batch beside the pack's", func(s *scene) shown {
		first := s.Batch
		s.Make("L43", 2)
		second := s.Batch
		value, proof, err := s.State.View(s.t).Record(chain.BatchKey(second))
		if err != nil {
			s.t.Fatal(err)
		}
		s.Pack("L42", 8)
		out := s.honest()
		if s.Batch != first {
			s.t.Fatalf("batch %s, want %s", s.Batch, first)
		}
		out.bundle.State = append(out.bundle.State, theriac.NewRecord(chain.BatchKey(second), value, proof))
		slices.SortFunc(out.bundle.State, func(a, b theriac.Record) int { return bytes.Compare(a.Key, b.Key) })
		return out
	}, ledgerNo},
	{"record-denied", "the page with the packs' states is said to be absent", with(func(s *scene, b *theriac.Bundle) {
		record(s.t, b, chain.UnitsKey(s.Batch, 0)).Value = nil
	}), ledgerNo},
	{"record-invented", "a product that the ledger has released is said to have been withdrawn", with(func(s *scene, b *theriac.Bundle) {
		record(s.t, b, chain.ProductKey(s.Product)).Value[10] ^= 1
	}), ledgerNo},
	{"other-pack", "a serial number that the batch does not have", with(func(_ *scene, b *theriac.Bundle) { b.Pack.Pack.Serial = "S999999" }), packNo("unknown_pack")},
	{"neighbours-place", "a pack at its neighbour's place", with(func(_ *scene, b *theriac.Bundle) { b.Pack.Index = 1 }), packNo("unknown_pack")},
	{"other-expiry", "a later expiry date printed on the pack", with(func(_ *scene, b *theriac.Bundle) { b.Pack.Pack.Expiry = "2030-03-31" }), packNo("unknown_pack")},
	{"maker-packs-other-expiry", "the maker put a pack with a later expiry date into the batch", func(s *scene) shown {
		s.Pack("L43", 1)
		s.Packs[0].Expiry = laterDate
		s.Leaves[0] = s.Packs[0].Leaf()
		s.Release.Root = s.Leaves[0]
		s.Admit(s.DM.Tx(s.Now, chain.KindBatch, s.Release))
		s.Distribute(0, 1)
		s.Deliver(0, 1)
		return s.honest()
	}, packNo("unknown_pack")},
	{"other-lot", "another lot printed on the pack", with(func(_ *scene, b *theriac.Bundle) { b.Pack.Pack.Lot = "L43" }), packNo("unknown_pack")},
}

// tell signs and anchors a message.
func (s *scene) tell(from, to *ledgertest.Org, c pedigree.Content, prev ...*envelope.Message) *envelope.Message {
	s.t.Helper()
	m := from.Message(s.Now, ledgertest.Case, to, c, prev...)
	s.Admit(to.Anchor(s.Now, m))
	return m
}

func (s *scene) recall(r chain.Recall) {
	s.t.Helper()
	r.Reason = "test"
	s.Admit(s.DM.Tx(s.Now, chain.KindRecall, r))
}
