package supply_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
	"theriac/refusal"
)

// letter returns a material request of the manufacturer, changed before it is signed.
func (n *town) letter(change func(c *envelope.Claims, content *pedigree.MaterialRequest)) []byte {
	n.t.Helper()
	content := request("letter")
	c := envelope.Claims{
		Audience: n.ms.org.GLN, Case: "letter", Expires: n.now().Add(time.Minute).Unix(), IssuedAt: n.now().Unix(),
		Issuer: n.dm.org.GLN, ID: ledgertest.NewID(), Prev: []canon.Digest{}, Type: pedigree.TypeMaterialRequest,
	}
	if change != nil {
		change(&c, content)
	}
	body, err := envelope.BodyOf(content, ledgertest.NewID)
	if err != nil {
		n.t.Fatal(err)
	}
	m, err := envelope.Sign(n.dm.org.Key, c, body)
	if err != nil {
		n.t.Fatal(err)
	}
	return encoded(n.t, m)
}

func encoded(t *testing.T, m *envelope.Message) []byte {
	t.Helper()
	raw, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Every refusal leaves its entry in the audit book, and nothing else anywhere.
func TestRefusedMessageLeavesOnlyItsEntry(t *testing.T) {
	n := newTown(t)
	claims := func(change func(c *envelope.Claims)) []byte {
		return n.letter(func(c *envelope.Claims, _ *pedigree.MaterialRequest) { change(c) })
	}
	other, err := envelope.DecodeMessage(n.letter(nil))
	if err != nil {
		t.Fatal(err)
	}
	stranger := ledgertest.NewOrg(t, "Stranger", "400000000099", nil, chain.Manufacturer)
	for _, tt := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"nothing", nil, envelope.ErrNonCanonical},
		{"noise", []byte("\x00\xff"), envelope.ErrNonCanonical},
		{"white space", append(n.letter(nil), ' '), envelope.ErrNonCanonical},
		{"too large for any", bytes.Repeat([]byte("x"), supply.MaxMessage+1), envelope.ErrOversized},
		{"too large for its type", n.letter(func(_ *envelope.Claims, r *pedigree.MaterialRequest) {
			r.Quantity = strings.Repeat("9", ledger.MaxTx)
		}), envelope.ErrOversized},
		{"type of nobody", claims(func(c *envelope.Claims) { c.Type = "dmxx/1" }), envelope.ErrType},
		{"for another", claims(func(c *envelope.Claims) { c.Audience = n.dd.org.GLN }), envelope.ErrAudience},
		{"in another's name", claims(func(c *envelope.Claims) { c.Issuer = n.dd.org.GLN }), envelope.ErrKeyID},
		{"of a stranger", encoded(t, stranger.Message(n.now(), "c", n.ms.org, request("x"))), envelope.ErrUnknownKey},
		{"signature changed", bytes.Replace(n.letter(nil), []byte(`.eyJ`), []byte(`.eyK`), 1), envelope.ErrNonCanonical},
		{"late", claims(func(c *envelope.Claims) { c.IssuedAt -= 3600 }), envelope.ErrStale},
		{"early", claims(func(c *envelope.Claims) { c.IssuedAt += 3600; c.Expires += 3600 }), envelope.ErrFuture},
		{"expired", claims(func(c *envelope.Claims) { c.IssuedAt -= 60; c.Expires = c.IssuedAt + 1 }), envelope.ErrExpired},
		{"follows nothing known", claims(func(c *envelope.Claims) { c.Prev = []canon.Digest{canon.Sum(nil)} }), envelope.ErrPrev},
		{"follows what it may not", claims(func(c *envelope.Claims) { c.Prev = []canon.Digest{n.Request.Envelope.Digest()} }), envelope.ErrPrev},
		{"another's body", encoded(t, &envelope.Message{Body: other.Body, Envelope: decoded(t, n.letter(nil)).Envelope}), envelope.ErrBody},
		{"body withheld", encoded(t, &envelope.Message{Body: other.Body.Disclose("product"), Envelope: other.Envelope}), envelope.ErrBody},
		{"empty material", n.letter(func(_ *envelope.Claims, r *pedigree.MaterialRequest) { r.Material = "" }), envelope.ErrField},
		{"wrong role", encoded(t, n.dd.org.Message(n.now(), "c", n.ms.org, request("x"))), pedigree.ErrRole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, leaves := len(n.ms.booked()), len(n.State.Leaves)
			r, err := n.ms.receive(t.Context(), tt.raw)
			if r != nil || !errors.Is(err, tt.want) {
				t.Errorf("Receive = %v, %v, want %v", r, err, tt.want)
			}
			book := n.ms.booked()
			if len(book) != before+1 || !strings.HasSuffix(book[0], ": "+refusal.Code(tt.want)) {
				t.Errorf("the book has %d new entries, the newest %q", len(book)-before, book[0])
			}
			if all, _, err := n.ms.store.List(t.Context(), supply.Filter{}, "", 9); len(all) != 0 || err != nil {
				t.Errorf("the refused message is kept: %v, %v", all, err)
			}
			if got := len(n.State.Leaves); got != leaves {
				t.Errorf("the log has %d leaves more", got-leaves)
			}
		})
	}
}

func decoded(t *testing.T, raw []byte) *envelope.Message {
	t.Helper()
	m, err := envelope.DecodeMessage(raw)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A message that comes again, in the same or in a fresh signature, gets the receipt
// that it got; another body under its identifier is refused.
func TestRepetitionGetsTheSameReceipt(t *testing.T) {
	n := newTown(t)
	id := ledgertest.NewID()
	body, err := envelope.BodyOf(request("again"), ledgertest.NewID)
	if err != nil {
		t.Fatal(err)
	}
	var first *api.Receipt
	for i := range 3 {
		c := envelope.Claims{
			Audience: n.ms.org.GLN, Case: "again", Issuer: n.dm.org.GLN, ID: id, Prev: []canon.Digest{}, Type: pedigree.TypeMaterialRequest,
			IssuedAt: n.now().Unix() + int64(i), Expires: n.now().Unix() + 60,
		}
		m, err := envelope.Sign(n.dm.org.Key, c, body)
		if err != nil {
			t.Fatal(err)
		}
		r, err := n.ms.receive(t.Context(), encoded(t, m))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r
		}
		if *r != *first {
			t.Errorf("receipt %d is %+v, want %+v", i, r, first)
		}
	}
	if got := n.leaves("case/again"); got != 1 {
		t.Errorf("%d leaves, want 1", got)
	}
	other := n.letter(func(c *envelope.Claims, _ *pedigree.MaterialRequest) { c.ID = id })
	if _, err := n.ms.receive(t.Context(), other); !errors.Is(err, envelope.ErrReplayed) {
		t.Errorf("another body under the identifier: %v, want ErrReplayed", err)
	}
}

// Attack: two bodies under one identifier at the same moment. What the receiver
// keeps is what the ledger has.
func TestTwoBodiesAtOnce(t *testing.T) {
	n := newTown(t)
	id := ledgertest.NewID()
	one := n.letter(func(c *envelope.Claims, r *pedigree.MaterialRequest) { c.ID, r.Quantity = id, "1 kg" })
	two := n.letter(func(c *envelope.Claims, r *pedigree.MaterialRequest) { c.ID, r.Quantity = id, "2 kg" })
	// The second comes while the first waits for its block, and is answered first.
	n.ms.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
		n.ms.submit = n.commit
		r, err := n.commit(ctx, tx)
		if _, err := n.ms.receive(ctx, two); !errors.Is(err, envelope.ErrReplayed) {
			t.Errorf("the other body: %v, want ErrReplayed", err)
		}
		return r, err
	}
	r, err := n.ms.receive(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	kept := n.ms.message(n.dm.org.GLN, id)
	e, err := envelope.ParseJWS([]byte(r.Envelope))
	if err != nil {
		t.Fatal(err)
	}
	if kept.Body.Digest() != e.Claims.BodyDigest {
		t.Error("the kept body is not the one that is anchored")
	}
}

// A ledger that does not answer is no refusal: nothing is booked, nothing kept,
// and the next time it goes well, whether the transaction was applied or not.
func TestBusyLedgerIsNoRefusal(t *testing.T) {
	for name, applied := range map[string]bool{"not applied": false, "applied": true} {
		t.Run(name, func(t *testing.T) {
			n := newTown(t)
			n.ms.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
				if applied {
					if _, err := n.commit(ctx, tx); err != nil {
						return ledger.Result{}, err
					}
				}
				return ledger.Result{}, errDown
			}
			raw := n.letter(nil)
			if _, err := n.ms.receive(t.Context(), raw); !errors.Is(err, supply.ErrBusy) {
				t.Errorf("Receive = %v, want ErrBusy", err)
			}
			if book := n.ms.booked(); len(book) != 0 {
				t.Errorf("the book says %q", book)
			}
			n.ms.submit = n.commit
			if _, err := n.ms.receive(t.Context(), raw); err != nil {
				t.Errorf("Receive = %v", err)
			}
			if got := n.leaves("case/letter"); got != 1 {
				t.Errorf("%d leaves, want 1", got)
			}
		})
	}
}

// The documents of a dossier are opened before it is anchored: what does not open
// to what was signed is refused.
func TestDossierThatDoesNotOpen(t *testing.T) {
	n := newTown(t)
	raw := encoded(t, n.dm.org.Message(n.now(), "d", n.da.org, n.Dossiers(), n.Supply)) // "sealed"
	if _, err := n.da.receive(t.Context(), raw); !errors.Is(err, pedigree.ErrSealed) {
		t.Errorf("Receive = %v, want ErrSealed", err)
	}
	if got := n.leaves("case/d"); got != 0 {
		t.Errorf("%d leaves, want none", got)
	}
}
