package supply_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
)

// coded releases a lot whose packs have concealed codes.
func (n *town) coded(lot gs1.Lot) canon.Digest {
	n.t.Helper()
	r := n.lot(lot)
	r.Codes = true
	return n.release(r)
}

// scratched returns the pack at a place of a batch, and what is under its coating.
func (n *town) scratched(batch canon.Digest, place uint64) (gs1.Identifier, genuine.Code) {
	n.t.Helper()
	l, err := n.dm.at().CodeLabels(context.Background(), batch, place, 1)
	if err != nil {
		n.t.Fatal(err)
	}
	for id, err := range l.Packs {
		if err != nil {
			n.t.Fatal(err)
		}
		return id, l.Code(id.Serial)
	}
	panic("there was one label")
}

// browser returns the point of a new browser key.
func browser(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// redeeming returns what a browser hands in, having asked an office for the path.
func redeeming(t *testing.T, at *office, id gs1.Identifier, code genuine.Code, browser []byte) *api.Redeeming {
	t.Helper()
	where, err := at.at().Redeemable(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	r := chain.Redeem{Batch: where.Batch, Index: where.Index, Path: where.Path, Browser: browser}
	if err := code.Redeem(where.Chain, gs1.SGTIN{GTIN: id.GTIN, Serial: id.Serial}, &r); err != nil {
		t.Fatal(err)
	}
	return &api.Redeeming{Batch: r.Batch, Index: r.Index, Path: r.Path, Key: r.Key, Proof: r.Proof, Browser: r.Browser}
}

// A patient scratches; any organisation relays; the first is the first, also when he
// asks again, at another organisation, or a year later; a second is told, and so is the
// maker.
func TestRedeem(t *testing.T) {
	n := newTown(t)
	batch := n.coded("C1")
	id, code := n.scratched(batch, 7)
	mine := redeeming(t, n.pharmacy, id, code, browser(t))
	first, err := n.pharmacy.at().Redeem(t.Context(), mine)
	if err != nil || !first.First || first.By != n.pharmacy.org.GLN || first.At == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	for _, at := range []*office{n.pharmacy, n.dm, n.dd} {
		again, err := at.at().Redeem(t.Context(), mine)
		if err != nil || *again != *first {
			t.Errorf("%s: again %+v, %v, want %+v", at.org.Name, again, err, first)
		}
	}
	if got := n.leaves("redeemed/" + batch.String()); got != 1 {
		t.Errorf("%d redemptions on the ledger, want 1", got)
	}
	second, err := n.dd.at().Redeem(t.Context(), redeeming(t, n.dd, id, code, browser(t)))
	if !errors.Is(err, ledger.ErrRedeemed) || second == nil || second.First || second.At != first.At || second.By != first.By {
		t.Errorf("the second: %+v, %v", second, err)
	}
	alerts, err := n.dm.at().ListAlerts(supply.Page{Limit: 10})
	if err != nil || len(alerts.Items) != 1 || alerts.Items[0].Code != "already_redeemed" || alerts.Items[0].By != n.dd.org.GLN {
		t.Errorf("the maker's alerts: %+v, %v", alerts, err)
	}
	if !slices.Contains(n.dd.booked(), "redeem: already_redeemed") || !slices.Contains(n.pharmacy.booked(), "redeem: ") {
		t.Errorf("the books have %q and %q", n.dd.booked(), n.pharmacy.booked())
	}
}

// What is printed where everybody sees it redeems nothing: no code that follows from the
// visible one, from another pack's, or from nothing.
func TestVisibleCodeNeverRedeems(t *testing.T) {
	n := newTown(t)
	batch := n.coded("C1")
	id, code := n.scratched(batch, 7)
	_, others := n.scratched(batch, 8)
	visible, err := id.Bracketed()
	if err != nil {
		t.Fatal(err)
	}
	hashed := canon.Sum([]byte(visible))
	for name, guess := range map[string]genuine.Code{
		"none": {}, "the serial number": genuine.Code([]byte((string(id.Serial) + "0123456789abcdef")[:16])),
		"a hash of the label": genuine.Code(hashed[:16]), "another pack's": others, "from no secret": genuine.NewCode(nil, id.Serial),
	} {
		before := len(n.State.Leaves)
		if got, err := n.pharmacy.at().Redeem(t.Context(), redeeming(t, n.pharmacy, id, guess, browser(t))); !errors.Is(err, genuine.ErrCode) || got != nil {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, genuine.ErrCode)
		}
		if len(n.State.Leaves) != before {
			t.Errorf("%s came to the ledger", name)
		}
	}
	good := redeeming(t, n.pharmacy, id, code, browser(t))
	for name, change := range map[string]func(r *api.Redeeming){
		"another browser":  func(r *api.Redeeming) { r.Browser = browser(t) },
		"no browser":       func(r *api.Redeeming) { r.Browser = nil },
		"another place":    func(r *api.Redeeming) { r.Index++ },
		"beyond the batch": func(r *api.Redeeming) { r.Index = 1 << 63 },
		"no path":          func(r *api.Redeeming) { r.Path = nil },
		"no proof":         func(r *api.Redeeming) { r.Proof = nil },
		"no key":           func(r *api.Redeeming) { r.Key = nil },
	} {
		bent := *good
		change(&bent)
		if _, err := n.pharmacy.at().Redeem(t.Context(), &bent); !errors.Is(err, genuine.ErrCode) {
			t.Errorf("%s: %v, want %v", name, err, genuine.ErrCode)
		}
	}
	bent := *good
	bent.Batch = canon.Sum(nil)
	if _, err := n.pharmacy.at().Redeem(t.Context(), &bent); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("of no batch: %v", err)
	}
	if got := n.leaves("redeemed/" + batch.String()); got != 0 {
		t.Errorf("%d redemptions, want none", got)
	}
}

// Where packs have no codes nobody says that a code is wrong, and none is printed.
func TestPacksWithoutCodes(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	printed, err := n.dm.at().Printed(t.Context(), batch, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	id, err := gs1.ParseIdentifier(printed[0].Code, n.now())
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []*office{n.dm, n.pharmacy} {
		if _, err := at.at().Redeemable(t.Context(), id); !errors.Is(err, supply.ErrNoCodes) {
			t.Errorf("Redeemable at %s = %v", at.org.Name, err)
		}
	}
	if _, err := n.dm.at().CodeLabels(t.Context(), batch, 0, 1); !errors.Is(err, supply.ErrNoCodes) {
		t.Errorf("CodeLabels = %v", err)
	}
	if _, err := n.dm.at().CodePath(t.Context(), batch, 0); !errors.Is(err, supply.ErrNoCodes) {
		t.Errorf("CodePath = %v", err)
	}
	if _, err := n.dd.at().CodePath(t.Context(), batch, 0); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("CodePath of another's = %v", err)
	}
	if !slices.Contains(n.dm.booked(), "print codes: no_codes") {
		t.Errorf("the book has %q", n.dm.booked())
	}
}

// A maker who does not answer, or answers with another path, is no reason to tell a
// patient that the code is wrong.
func TestCodePathOfAnothersPack(t *testing.T) {
	n := newTown(t)
	id, _ := n.scratched(n.coded("C1"), 7)
	honest := n.pharmacy.paths
	for name, lie := range map[string]func(*api.CodePath) (*api.CodePath, error){
		"silence":       func(*api.CodePath) (*api.CodePath, error) { return nil, errors.New("no route") },
		"not there":     func(*api.CodePath) (*api.CodePath, error) { return nil, supply.ErrUnknown },
		"another mark":  func(p *api.CodePath) (*api.CodePath, error) { p.Mark[3] ^= 1; return p, nil },
		"another path":  func(p *api.CodePath) (*api.CodePath, error) { p.Path[0][0] ^= 1; return p, nil },
		"a longer path": func(p *api.CodePath) (*api.CodePath, error) { p.Path = append(p.Path, p.Path...); return p, nil },
	} {
		n.pharmacy.paths = func(ctx context.Context, to *office, batch canon.Digest, index uint64) (*api.CodePath, error) {
			p, err := honest(ctx, to, batch, index)
			if err != nil {
				return nil, err
			}
			return lie(p)
		}
		if _, err := n.pharmacy.at().Redeemable(t.Context(), id); !errors.Is(err, supply.ErrMaker) {
			t.Errorf("%s: %v, want %v", name, err, supply.ErrMaker)
		}
	}
}

// Attack: who has a code makes new browser keys and redeems with each, here and there.
// Each is told the truth; the ledger gets so many alerts and no more, and again the next
// day.
func TestAlertsOfOneCodeAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		batch := n.coded("C1")
		id, code := n.scratched(batch, 0)
		first, err := n.dm.at().Redeem(t.Context(), redeeming(t, n.dm, id, code, browser(t)))
		if err != nil {
			t.Fatal(err)
		}
		flood := func(want int) {
			t.Helper()
			for i := range 12 {
				at := []*office{n.pharmacy, n.dd, n.dm}[i%3]
				if got, err := at.at().Redeem(t.Context(), redeeming(t, at, id, code, browser(t))); !errors.Is(err, ledger.ErrRedeemed) || got.At != first.At {
					t.Errorf("attempt %d: %+v, %v", i, got, err)
				}
			}
			if got := n.leaves("alert-of/" + n.dm.org.GLN); got != want {
				t.Errorf("%d alerts, want %d", got, want)
			}
		}
		flood(3)
		time.Sleep(25 * time.Hour)
		flood(6)
		// Another pack's code is another matter.
		id, code = n.scratched(batch, 1)
		for range 2 {
			_, err = n.dd.at().Redeem(t.Context(), redeeming(t, n.dd, id, code, browser(t)))
		}
		if got := n.leaves("alert-of/" + n.dm.org.GLN); got != 7 || !errors.Is(err, ledger.ErrRedeemed) {
			t.Errorf("%d alerts, %v, want 7", got, err)
		}
	})
}

// The ledger's answer is lost, and the relay with it: asked again after that, it says the
// same, of the first as of the second, and nothing is on the ledger twice.
func TestRelayCrashes(t *testing.T) {
	n := newTown(t)
	batch := n.coded("C1")
	id, code := n.scratched(batch, 3)
	mine, theirs := redeeming(t, n.pharmacy, id, code, browser(t)), redeeming(t, n.pharmacy, id, code, browser(t))
	lost := func(ctx context.Context, tx []byte) (ledger.Result, error) {
		if _, err := n.commit(ctx, tx); err != nil {
			return ledger.Result{}, err
		}
		return ledger.Result{}, errors.New("the process was killed")
	}
	n.pharmacy.submit = lost
	if got, err := n.pharmacy.at().Redeem(t.Context(), mine); !errors.Is(err, supply.ErrBusy) {
		t.Fatalf("%+v, %v, want %v", got, err, supply.ErrBusy)
	}
	n.pharmacy.crash()
	first, err := n.pharmacy.at().Redeem(t.Context(), mine)
	if err != nil || !first.First {
		t.Fatalf("%+v, %v", first, err)
	}
	// Whoever is second is warned although the alert's fate is unknown.
	if got, err := n.pharmacy.at().Redeem(t.Context(), theirs); !errors.Is(err, ledger.ErrRedeemed) || got.At != first.At {
		t.Fatalf("%+v, %v", got, err)
	}
	n.pharmacy.crash()
	n.pharmacy.submit = n.commit
	for range 3 {
		if got, err := n.pharmacy.at().Redeem(t.Context(), theirs); !errors.Is(err, ledger.ErrRedeemed) || got.At != first.At {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if r, a := n.leaves("redeemed/"+batch.String()), n.leaves("alert-of/"+n.dm.org.GLN); r != 1 || a != 1 {
		t.Errorf("%d redemptions and %d alerts, want one of each", r, a)
	}
}

// A release that is killed between its packs and its codes, or amid these, goes on; what
// the ledger has is the root over the codes of the packs that there are.
func TestReleaseOfCodesResumes(t *testing.T) {
	n := newTown(t)
	began, gone := make(chan struct{}), false
	n.dm.packs.coding = func(ctx context.Context) error {
		if gone {
			return nil
		}
		close(began)
		<-ctx.Done()
		return ctx.Err()
	}
	r := n.lot("C1")
	r.Codes = true
	id := ledgertest.NewID()
	if _, err := n.dm.at().Release(t.Context(), id, r); err != nil {
		t.Fatal(err)
	}
	<-began
	gone = true
	n.dm.crash()
	if j := n.ended(id); j.State != supply.Finished || j.Done != j.Total {
		t.Fatalf("the job: %+v", j)
	}
	if n.dm.packs.builds != 1 {
		t.Errorf("the packs were made %d times", n.dm.packs.builds)
	}
	batch := chain.BatchID(n.dm.org.GLN, r.GTIN, r.Lot)
	var b chain.Batch
	n.Read(chain.BatchKey(batch), &b)
	if b.Release.Codes.IsZero() {
		t.Fatal("the ledger has no root of the codes")
	}
	for place := range b.Release.Size {
		pack, code := n.scratched(batch, place)
		if got, err := n.pharmacy.at().Redeem(t.Context(), redeeming(t, n.pharmacy, pack, code, browser(t))); err != nil || !got.First {
			t.Errorf("pack %d: %+v, %v", place, got, err)
		}
	}
}

// A concealed code stands in no list, no book, no log and no job.
func TestCodesAreNowhere(t *testing.T) {
	n := newTown(t)
	batch := n.coded("C1")
	var all strings.Builder
	id, code := n.scratched(batch, 5)
	if _, err := n.pharmacy.at().Redeem(t.Context(), redeeming(t, n.pharmacy, id, code, browser(t))); err != nil {
		t.Fatal(err)
	}
	_, err := n.pharmacy.at().Redeem(t.Context(), redeeming(t, n.pharmacy, id, code, browser(t)))
	if !errors.Is(err, ledger.ErrRedeemed) {
		t.Fatal(err)
	}
	for _, o := range n.offices {
		entries, _, err := o.store.Entries(t.Context(), "", 10_000)
		if err != nil {
			t.Fatal(err)
		}
		jobs, err := o.at().ListJobs(t.Context(), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %+v %+v\n", o.log, entries, jobs.Items)
	}
	printed, err := n.dm.at().Printed(t.Context(), batch, 0, 40)
	if err != nil {
		t.Fatal(err)
	}
	opening, err := n.dm.at().OwnOpening(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	labels, err := n.dm.at().CodeLabels(t.Context(), batch, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&all, "%+v %+v %+v %+v %v %#v", printed, opening, labels, err, code, code)
	for _, secret := range []string{code.Printed(), code.Fragment(), fmt.Sprintf("%x", code[:]), fmt.Sprint(code[:])} {
		if strings.Contains(strings.ToUpper(all.String()), strings.ToUpper(secret)) {
			t.Errorf("%s stands in what was kept or shown", secret)
		}
	}
}
