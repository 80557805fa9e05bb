package ledger_test

import (
	"slices"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/merkle"
	"theriac/pedigree"
)

// Attack 000-01..06: one bit of each byte of each message, of its body and of
// bc_paper is flipped on the way, and the receiver anchors what came.
func TestFlippedBits(t *testing.T) {
	w := newTown(t)
	for i, s := range seeds(w) {
		if s.from == nil {
			continue
		}
		good := s.sign(w, nil)
		if got := outcome(w.Try(good)); got != "applied" {
			t.Fatalf("seed %d: %s", i, got)
		}
		x := s.message(w, func(any) {})
		for name, part := range map[string][]byte{"message": x.Message, "body": x.Body, "bc_paper": x.Paper[:]} {
			for at := range part {
				part[at] ^= 1 << (at % 8)
				if got := outcome(w.Try(s.by.Tx(w.Now, chain.KindExchange, *x))); got == "applied" {
					t.Errorf("%s, byte %d of the %s: %s", s.content.Type(), at, name, got)
				}
				part[at] ^= 1 << (at % 8)
			}
		}
	}
}

// Attack 000-08: a drug goes to market without Cert_D, with one that its maker
// signed, or with that of another drug.
func TestUnapprovedDrug(t *testing.T) {
	w := &town{World: ledgertest.NewWorld(t)}
	w.Develop()
	d := w.Dossiers()
	w.Dossier = w.tell(w.DM, w.DA, d, w.Supply)
	w.Pack("FAKE", 10)
	release := func(certificate string) []byte {
		r := w.Release
		r.Certificate = certificate
		return w.DM.Tx(w.Now, chain.KindBatch, r)
	}
	w.Refuse("bad_batch", release(""))
	w.Refuse("not_approved", release(ledgertest.Number))

	own := w.DM.Credential(w.DM, d.Documents, ledgertest.Number, w.Now, w.Product)
	approval := &pedigree.Decision{Certificate: own, Decision: pedigree.Approved}
	w.Refuse("wrong_role", w.send(w.DM, w.DM, approval, w.Dossier))
	asDA := *w.DM
	asDA.GLN = w.DA.GLN
	w.Refuse("key_mismatch", w.send(&asDA, w.DM, approval, w.Dossier))
	w.Refuse("bad_certificate", w.send(w.DA, w.DM, approval, w.Dossier))

	other := w.DA.Credential(w.DM, d.Documents, ledgertest.Number, w.Now, w.Product)
	w.tell(w.DA, w.DM, &pedigree.Decision{Certificate: other, Decision: pedigree.Approved}, w.Dossier)
	w.Release.GTIN = gtin("40000030", "0002")
	w.Refuse("gtin_not_in_certificate", release(ledgertest.Number))
}

// Attack: who was shown one pack finds in its proof the hash of the leaf beside it,
// and moves the neighbour, which he never saw.
func TestProofShowsNoNeighbour(t *testing.T) {
	w := newTown(t)
	for seen := range uint64(25) {
		beside := seen ^ 1
		u := w.Show(chain.UnitActive, chain.UnitDispensed, seen)
		at := slices.Index(u.Proof, w.Leaves[beside])
		if at < 0 {
			t.Fatalf("the proof of pack %d does not show the leaf beside it", seen)
		}
		u.Indexes, u.Proof[at] = []uint64{beside}, w.Leaves[seen]
		// The proof is good: all that is missing is what only the pack itself tells.
		leaf := []merkle.IndexedLeaf{{Index: beside, Hash: w.Leaves[beside]}}
		if err := merkle.VerifyMulti(leaf, w.Release.Size, u.Proof, w.Release.Root); err != nil {
			t.Fatal(err)
		}
		for what, digest := range map[string]canon.Digest{
			"the leaf's hash": w.Leaves[beside], "the pack that was seen": w.Packs[seen].Digest(),
			"the hash of the leaf's hash": merkle.LeafHash(w.Leaves[beside][:]), "nothing": {},
		} {
			u.Packs = chain.Hashes{digest}
			if got := outcome(w.Try(w.Pharmacy.Tx(w.Now, chain.KindUnits, u))); got != "unknown_serial" {
				t.Errorf("pack %d by %s: %s", beside, what, got)
			}
		}
		u.Packs = chain.Hashes{w.Packs[beside].Digest()}
		if got := outcome(w.Try(w.Pharmacy.Tx(w.Now, chain.KindUnits, u))); got != "applied" {
			t.Errorf("pack %d, seen: %s", beside, got)
		}
	}
}

// Attack 000-24: the classification half of the packs' ID_UI is not what Cert_D
// lists, in the batch, in the distribution, or in both.
func TestClassificationHalf(t *testing.T) {
	w := newTown(t)
	for _, code := range []gs1.GTIN{gtin("40000030", "0002"), gtin("40000031", "0001"), gs1.GTIN(ledgertest.WithCheckDigit("1" + string(w.Product[1:13])))} {
		r := w.Release
		r.GTIN, r.Lot = code, "L43"
		if got := outcome(w.Try(w.DM.Tx(w.Now, chain.KindBatch, r))); got != "gtin_not_in_certificate" {
			t.Errorf("batch of %s: %s", code, got)
		}
		d := w.parcel(50, 60)
		d.Parcels[0].GTIN = code
		if got := outcome(w.Try(w.send(w.DM, w.DD, d, w.Decision))); got != "unknown_batch" {
			t.Errorf("distribution of %s: %s", code, got)
		}
	}
	// A batch without certificate does not get one by being distributed under it.
	e := canon.Sum([]byte("self-made"))
	w.Admit(w.DM.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: e}))
	w.Pack("L43", 10)
	w.Release.Certificate, w.Release.Materials, w.Release.Transformation, w.Release.Evidence = "", nil, canon.Digest{}, e
	w.Admit(w.DM.Tx(w.Now, chain.KindBatch, w.Release))
	w.Refuse("gtin_not_in_certificate", w.send(w.DM, w.DD, w.parcel(0, 10), w.Decision))
}
