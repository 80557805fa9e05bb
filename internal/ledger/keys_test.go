package ledger_test

import (
	"testing"
	"time"

	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
)

var keyRefusals = []refused{
	{"no point", "no_possession", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRotateKey, chain.RotateKey{Point: make([]byte, 65), Proof: make([]byte, 64)})
	}},
	{"no proof", "no_possession", func(w *town) []byte {
		r := rotation(w.DD, w.stranger(), 0)
		r.Proof = nil
		return w.DD.Tx(w.Now, chain.KindRotateKey, r)
	}},
	{"mirrored proof", "no_possession", func(w *town) []byte {
		r := rotation(w.DD, w.stranger(), 0)
		r.Proof = mirrored(r.Proof)
		return w.DD.Tx(w.Now, chain.KindRotateKey, r)
	}},
	// Somebody else's key, with the proof that its owner published when it rotated.
	{"proof for another member", "no_possession", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRotateKey, rotation(w.DM, w.stranger(), 0))
	}},
	{"ended already", "key_invalid", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRotateKey, rotation(w.DD, w.stranger(), chain.Millis(w.Now.Add(time.Second))))
	}},
	{"ended before time", "key_invalid", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRotateKey, rotation(w.DD, w.stranger(), -1<<63))
	}},
	{"own key again", "key_taken", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRotateKey, rotation(w.DD, w.DD, 0))
	}},
	{"stolen key of another", "key_taken", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRotateKey, rotation(w.DD, w.DM, 0))
	}},
	{"too many", "too_many_keys", func(w *town) []byte {
		w.fillKeys()
		return w.DD.Tx(w.Now, chain.KindRotateKey, rotation(w.DD, w.stranger(), 0))
	}},
	{"too many, say the governors", "too_many_keys", func(w *town) []byte {
		w.fillKeys()
		again := *w.DD
		again.Key = w.stranger().Key
		return w.propose(chain.Action{Rekey: w.application(&again, asItStands)})
	}},
	{"revoking nobody's", "unknown_key", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.stranger())})
	}},
	{"revoking another's", "key_mismatch", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.DM)})
	}},
	{"revoking twice", "bad_status", func(w *town) []byte {
		next := w.rotate(w.DD, time.Time{})
		w.revoke(next, w.DD)
		return next.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.DD)})
	}},
	// Without a key no governor could ever register another.
	{"the only governor's only key", "last_governor", func(w *town) []byte {
		return w.BCC.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.BCC)})
	}},
	{"the only governor's only key, says the vote", "last_governor", func(w *town) []byte {
		return w.propose(chain.Action{Revoke: &chain.RevokeKey{Key: kid(w.BCC)}})
	}},
	{"the only governor's last key", "last_governor", func(w *town) []byte {
		next := w.rotate(w.BCC, time.Time{})
		w.revoke(next, w.BCC)
		return next.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(next)})
	}},
	{"the only governor's key but one that has ended", "last_governor", func(w *town) []byte {
		w.rotate(w.BCC, w.Now.Add(time.Minute))
		w.Now = w.Now.Add(time.Minute)
		return w.BCC.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.BCC)})
	}},
	{"the only active governor's only key", "last_governor", func(w *town) []byte {
		other := ledgertest.NewOrg(w.T, "Second governor", "400000000097", nil, chain.Governor)
		w.Join(other)
		c := &council{Chain: w.Chain, governors: []*ledgertest.Org{w.BCC, other}}
		c.Admit(c.vote(1, c.move(0, chain.Action{Standing: &chain.Standing{
			Member: other.GLN, Roles: other.Roles, Prefixes: []string{}, Status: chain.Suspended,
		}}), true))
		return w.BCC.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.BCC)})
	}},
	{"governors revoking nobody's", "unknown_key", func(w *town) []byte {
		return w.propose(chain.Action{Revoke: &chain.RevokeKey{Key: kid(w.stranger())}})
	}},
}

// fillKeys has the distributor register as many keys as it may.
func (w *town) fillKeys() {
	w.T.Helper()
	var txs [][]byte
	for range ledger.MaxKeys - 1 {
		txs = append(txs, w.DD.Tx(w.Now, chain.KindRotateKey, rotation(w.DD, w.stranger(), 0)))
	}
	for _, r := range w.Block(txs...) {
		if got := outcome(r); got != "applied" {
			w.T.Fatal(got)
		}
	}
}

// Two keys count side by side until the older is revoked or ends; then it signs
// nothing new, neither transactions nor messages that wait to be anchored.
func TestRotation(t *testing.T) {
	w := newTown(t)
	next := w.rotate(w.DM, time.Time{})
	w.Admit(w.send(w.DM, w.MS, content(w.request())))
	w.Admit(w.send(next, w.MS, content(w.request())))
	waiting := w.request()
	w.revoke(next, w.DM)
	w.Refuse("key_invalid", w.MS.Anchor(w.Now, waiting))
	w.Refuse("key_invalid", w.DM.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(next)}))
	w.Admit(w.send(next, w.MS, content(w.request())))

	short := w.rotate(next, w.Now.Add(time.Hour))
	w.Admit(w.send(short, w.MS, content(w.request())))
	w.Now = w.Now.Add(time.Hour)
	w.Refuse("key_invalid", w.send(short, w.MS, content(w.request())))

	w.Admit(w.propose(chain.Action{Revoke: &chain.RevokeKey{Key: kid(next)}}))
	w.Refuse("key_invalid", w.send(next, w.MS, content(w.request())))
}

// Attack 000-17: who signed and then says that the key was stolen can revoke it
// from now on, never from before. Even in the block that anchors the message the
// revocation comes too late to take the signature away.
func TestRevocationIsNotDatedBack(t *testing.T) {
	w := newTown(t)
	early := w.request()
	w.Admit(w.MS.Anchor(w.Now, early))
	earlier := w.Now
	late := w.request()
	results := w.Block(w.MS.Anchor(w.Now, late), w.DM.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.DM)}))
	if results[0].Outcome != chain.Applied || results[1].Outcome != chain.Applied {
		t.Fatalf("results %+v", results)
	}
	var m chain.Member
	w.Read(chain.MemberKey(w.DM.GLN), &m)
	holder, err := ledger.HolderOf(&m, kid(w.DM))
	if err != nil {
		t.Fatal(err)
	}
	if !holder.Revoked.After(w.Now) {
		t.Errorf("revoked at %s, by a block of %s", holder.Revoked, w.Now)
	}
	for _, tt := range []struct {
		m  *envelope.Message
		at time.Time
	}{{early, earlier}, {late, w.Now}} {
		if err := tt.m.Envelope.Verify(holder, tt.at); err != nil {
			t.Errorf("evidence of %s: %v", tt.at, err)
		}
	}
	w.Refuse("key_invalid", w.MS.Anchor(w.Now, w.request()))
}

// A key registered in a block signs in the same block, after that.
func TestKeyCountsFromItsBlock(t *testing.T) {
	w := newTown(t)
	next := ledgertest.NewOrg(t, w.DM.Name, w.DM.GLN[:12], nil, w.DM.Roles...)
	m := next.Message(w.Now, "c", w.MS, content(w.request()))
	anchor, rotate := w.MS.Anchor(w.Now, m), w.DM.Tx(w.Now, chain.KindRotateKey, rotation(w.DM, next, 0))
	results := w.Block(anchor, rotate, anchor)
	for i, want := range []string{"unknown_key", "applied", "applied"} {
		if got := outcome(results[i]); got != want {
			t.Errorf("transaction %d: %s, want %s", i, got, want)
		}
	}
}

// The only governor may change its key, and one of several may give up his.
func TestGovernorsKeys(t *testing.T) {
	w := newTown(t)
	next := w.rotate(w.BCC, w.Now.Add(time.Hour))
	results := w.Block(
		next.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(w.BCC)}),
		next.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(next)}))
	for i, want := range []string{"applied", "last_governor"} {
		if got := outcome(results[i]); got != want {
			t.Errorf("transaction %d: %s, want %s", i, got, want)
		}
	}
	w.BCC = next
	w.Join(ledgertest.NewOrg(t, "Second governor", "400000000097", nil, chain.Governor))
	w.revoke(next, next)
}
