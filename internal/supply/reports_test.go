package supply_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// secret is what no byte of the ledger may hold.
const secret = "Der Karton roch nach Farbe"

// A reporter is somebody with a pack and a key in his browser.
type reporter struct {
	n   *town
	key *ecdsa.PrivateKey
}

func (n *town) reporter() reporter {
	n.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		n.t.Fatal(err)
	}
	return reporter{n, key}
}

// signs returns a report on a pack of the town's product.
func (r reporter) signs(change ...func(*pedigree.ReportClaims)) []byte {
	r.n.t.Helper()
	c := pedigree.ReportClaims{
		Chain: ledgertest.ChainID, Code: fmt.Sprintf("(01)%s(21)S000002", r.n.Product), Contact: "anna@example.org", IssuedAt: r.n.now().Unix(),
		ID: ledgertest.NewID(), Kind: pedigree.SuspectedFake, Text: secret, Verdict: &pedigree.ReportVerdict{Outcome: "genuine"},
	}
	for _, f := range change {
		f(&c)
	}
	signed, err := pedigree.SignReport(r.key, c)
	if err != nil {
		r.n.t.Fatal(err)
	}
	return signed.Raw()
}

func code(text string) func(*pedigree.ReportClaims) {
	return func(c *pedigree.ReportClaims) { c.Code = text }
}

func (o *office) reports(raw []byte) (*api.Report, error) {
	return o.at().Report(context.Background(), "192.0.2.7:1", raw)
}

// told hands a report in, which must be taken.
func (o *office) told(raw []byte) *api.Report {
	o.town.t.Helper()
	r, err := o.reports(raw)
	if err != nil {
		o.town.t.Fatalf("Report = %v", err)
	}
	return r
}

// stands is how a report is answered for when all have it.
func (o *office) stands(id canon.ID) *api.Report {
	o.town.t.Helper()
	r, err := o.at().Reported(context.Background(), id)
	if err != nil {
		o.town.t.Fatalf("Reported = %v", err)
	}
	return r
}

// hasReport holds that an office keeps a report that another, or itself, took, and
// that the ledger has it under the digest of what the reporter signed.
func (o *office) hasReport(from *office, raw []byte, at *api.ReportReceiver) {
	t := o.town.t
	t.Helper()
	found, _, err := o.store.List(context.Background(), supply.Filter{Type: pedigree.TypeReport, Case: canon.Sum(raw).String(), Status: supply.Received}, "", 9)
	if err != nil || len(found) != 1 || found[0].Issuer != from.org.GLN || found[0].Status != supply.Received {
		t.Fatalf("%s has %+v, %v", o.org.Name, found, err)
	}
	content, err := pedigree.Read(pedigree.TypeReport, found[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	read, err := supply.ReadReport(content.(*pedigree.ReportNotice))
	if err != nil || read.Report != string(raw) || read.Claims.Text != secret {
		t.Errorf("%s reads %+v, %v", o.org.Name, read, err)
	}
	if at.Status != "received" || at.GLN != o.org.GLN || at.Name != o.org.Name {
		t.Errorf("receiver %+v", at)
	}
	leaf, tx, err := node{o}.Leaf(at.Leaf)
	if err != nil || leaf.Height != at.Height || leaf.Time != at.Time {
		t.Errorf("leaf %d is %+v, %v, answered %+v", at.Leaf, leaf, err, at)
	}
	var signed chain.Tx
	if _, err := ledger.Open(tx, &signed); err != nil || signed.Sender != o.org.GLN {
		t.Errorf("leaf %d is signed by %s, %v: %s could deny it", at.Leaf, signed.Sender, err, o.org.Name)
	}
}

// A report about a pack goes to its maker and to the drug administration, who
// anchor it: neither can deny it. The ledger sees nothing of what it says.
func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.pharmacy.sending()
		raw := n.reporter().signs()
		first := n.pharmacy.told(raw)
		want := []string{n.dm.org.GLN, n.da.org.GLN}
		if !slices.Equal(first.SentTo, want) || first.Status != "under_way" || first.Digest != canon.Sum(raw) {
			t.Errorf("answer %+v, want sent to %v", first, want)
		}
		pass(time.Second)
		r := n.pharmacy.stands(first.ID)
		if r.Status != "received" || len(r.Receivers) != 2 {
			t.Fatalf("after a second %+v", r)
		}
		n.dm.hasReport(n.pharmacy, raw, &r.Receivers[0])
		n.da.hasReport(n.pharmacy, raw, &r.Receivers[1])
		if got := n.leaves("case/" + canon.Sum(raw).String()); got != 2 {
			t.Errorf("%d leaves stand under the report's digest, want 2", got)
		}
		for i, tx := range n.State.Txs {
			for _, part := range []string{secret, "anna@example.org", "S000002", r.ID.String(), string(raw)} {
				if bytes.Contains(tx, []byte(part)) {
					t.Errorf("leaf %d shows %.30q", i, part)
				}
			}
		}
		// Again, and signed again, it is the same report, and nobody is told twice.
		leaves := len(n.State.Leaves)
		if again := n.pharmacy.told(raw); !cmp.Equal(again, r) {
			t.Error(cmp.Diff(again, r))
		}
		pass(time.Minute)
		if got := len(n.State.Leaves); got != leaves {
			t.Errorf("%d leaves more", got-leaves)
		}
		if got := n.pharmacy.booked(); !slices.Contains(got, "report suspected_fake: ") {
			t.Errorf("the book has %v", got)
		}
	})
}

// Under one name, key and jti, there is one report.
func TestReportHasOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		who, id := n.reporter(), ledgertest.NewID()
		named := func(c *pedigree.ReportClaims) { c.ID = id }
		first := n.pharmacy.told(who.signs(named))
		again := n.pharmacy.told(who.signs(named))
		if again.ID != first.ID || again.Digest != first.Digest {
			t.Errorf("signed again: %+v, want %+v", again, first)
		}
		if _, err := n.pharmacy.reports(who.signs(named, code("another"))); !errors.Is(err, envelope.ErrReplayed) {
			t.Errorf("another report of this name: %v", err)
		}
		if other := n.pharmacy.told(n.reporter().signs(named)); other.ID == first.ID {
			t.Error("another's report has the name")
		}
	})
}

// The maker's own page: nobody sends messages to himself, so the maker anchors the
// digest as evidence and keeps the report beside its mail.
func TestReportToOneself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.sending()
		raw := n.reporter().signs()
		id := n.dm.told(raw).ID
		pass(time.Second)
		r := n.dm.stands(id)
		if r.Status != "received" {
			t.Fatalf("%+v", r)
		}
		n.dm.hasReport(n.dm, raw, &r.Receivers[0])
		n.da.hasReport(n.dm, raw, &r.Receivers[1])
		var anchor chain.EvidenceAnchor
		n.Read(chain.EvidenceKey(canon.Sum(raw), n.dm.org.GLN), &anchor)
		if anchor.Media != "application/theriac-report" || anchor.Index != r.Receivers[0].Leaf {
			t.Errorf("evidence %+v", anchor)
		}
		if left, err := n.dm.store.Unhanded(t.Context()); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

// Who is told.
func TestReportReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		dm, da := n.dm.org.GLN, n.da.org.GLN
		for _, tt := range []struct {
			name, code string
			want       []string
		}{
			{"a product on the ledger", "(01)" + string(n.Product), []string{dm, da}},
			{"a product of a licensed prefix", "(01)" + ledgertest.WithCheckDigit("0400000309999"), []string{dm, da}},
			{"a supplier's material", "(01)" + string(n.World.Lot.GTIN), []string{da}},
			{"a product of nobody's", "(01)" + ledgertest.WithCheckDigit("0952114120001"), []string{da}},
			{"no code", "what the blister says: 4711", []string{da}},
			{"a container", "(00)" + ledgertest.WithCheckDigit("04000003000000001"), []string{da}},
		} {
			r := n.pharmacy.told(n.reporter().signs(code(tt.code)))
			if !slices.Equal(r.SentTo, tt.want) {
				t.Errorf("%s: sent to %v, want %v", tt.name, r.SentTo, tt.want)
			}
		}
		n.stand(n.da.org, chain.Suspended, chain.Administration)
		if r := n.pharmacy.told(n.reporter().signs()); !slices.Equal(r.SentTo, []string{dm}) {
			t.Errorf("with no administration: sent to %v", r.SentTo)
		}
		if _, err := n.pharmacy.reports(n.reporter().signs(code("x"))); !errors.Is(err, supply.ErrNobody) {
			t.Errorf("of which nobody can be told: %v", err)
		}
	})
}

// stand has the governor set a member's standing.
func (n *town) stand(org *ledgertest.Org, status chain.MemberStatus, roles ...chain.Role) {
	n.t.Helper()
	n.admit(n.BCC.Tx(n.now(), chain.KindPropose, chain.Propose{Action: chain.Action{Standing: &chain.Standing{
		Member: org.GLN, Roles: roles, Prefixes: org.Prefixes, Status: status,
	}}}))
}

// What is no report of this ledger, or not of these days, leaves nothing.
func TestReportRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		who := n.reporter()
		at := func(d time.Duration) func(*pedigree.ReportClaims) {
			return func(c *pedigree.ReportClaims) { c.IssuedAt = n.now().Add(d).Unix() }
		}
		for _, tt := range []struct {
			name string
			raw  []byte
			want error
		}{
			{"garbage", []byte("report"), envelope.ErrNonCanonical},
			{"another's signature", append(who.signs()[:len(who.signs())-86], n.reporter().signs()[len(who.signs())-86:]...), envelope.ErrSignature},
			{"another ledger", who.signs(func(c *pedigree.ReportClaims) { c.Chain = "elsewhere" }), pedigree.ErrReport},
			{"last month", who.signs(at(-31 * 24 * time.Hour)), envelope.ErrStale},
			{"the day after tomorrow", who.signs(at(48 * time.Hour)), envelope.ErrFuture},
		} {
			if _, err := n.pharmacy.reports(tt.raw); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
		if left, err := n.pharmacy.store.Unhanded(t.Context()); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
		if found, _, err := n.pharmacy.store.List(t.Context(), supply.Filter{}, "", 9); err != nil || len(found) > 0 {
			t.Errorf("queued %v, %v", found, err)
		}
		if _, err := n.pharmacy.at().Reported(t.Context(), ledgertest.NewID()); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("a guessed id: %v", err)
		}
	})
}
