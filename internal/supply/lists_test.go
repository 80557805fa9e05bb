package supply_test

import (
	"context"
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
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// all reads a list to its end, by pages of a size.
func all[T any](t *testing.T, limit int, list func(p supply.Page) ([]T, string, error)) []T {
	t.Helper()
	var out []T
	for p := (supply.Page{Limit: limit}); ; {
		items, next, err := list(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) > limit {
			t.Fatalf("%d on a page of %d", len(items), limit)
		}
		out = append(out, items...)
		if p.Cursor = next; next == "" {
			return out
		}
		if len(out) > 1000 {
			t.Fatal("the list does not end")
		}
	}
}

func (o *office) stock(limit int) []api.Holding {
	o.town.t.Helper()
	return all(o.town.t, limit, func(p supply.Page) ([]api.Holding, string, error) {
		s, err := o.at().Stock(o.town.t.Context(), p)
		if err != nil {
			return nil, "", err
		}
		return s.Items, s.Next, nil
	})
}

// sends sends packs of a batch by a desk, and waits until they have come.
func (n *town) sends(from, to *office, batch canon.Digest, prev canon.Digest, ranges ...chain.Range) canon.Digest {
	n.t.Helper()
	parcel, err := from.at().Parcel(batch, ranges)
	if err != nil {
		n.t.Fatal(err)
	}
	var content pedigree.Content = &pedigree.Dispatch{Parcels: []pedigree.Parcel{parcel}}
	if from == n.dm {
		content = &pedigree.Distribution{Certificate: ledgertest.Number, Parcels: []pedigree.Parcel{parcel}, SalesMethod: "prescription"}
	}
	id := ledgertest.NewID()
	if _, err := from.at().Send(n.t.Context(), id, supply.Draft{To: to.org.GLN, Prev: []canon.Digest{prev}}, content); err != nil {
		n.t.Fatal(err)
	}
	pass(time.Second)
	m := from.message(from.org.GLN, id)
	if m.Status != supply.Sent {
		n.t.Fatalf("%s is %s: %s", m.Type, m.Status, m.Code)
	}
	return m.Receipt.BC
}

// What is in one's custody is what the ledger says, by pack and state.
func TestStock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		for _, o := range n.offices {
			o.sending()
		}
		r := n.lot("L1")
		r.Size = 5000
		first, second := n.release(r), n.release(n.lot("L2"))
		came := n.sends(n.dm, n.dd, first, n.Decision.Envelope.Digest(), chain.Range{From: 10, To: 3000}, chain.Range{From: 4990, To: 5000})
		n.sends(n.dd, n.pharmacy, first, came, chain.Range{From: 2000, To: 2100})
		if _, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(n.scanned(first, 2050, 2051, 2099)...)); err != nil {
			t.Fatal(err)
		}
		active := func(from, to uint64) api.HeldRange { return api.HeldRange{From: from, To: to, State: "active"} }
		for _, tt := range []struct {
			name string
			o    *office
			want []api.Holding
		}{
			{"the maker", n.dm, []api.Holding{
				{Batch: second, Lot: "L2", Packs: n.batch(second).Release.Size, Ranges: []api.HeldRange{active(0, n.batch(second).Release.Size)}},
				{Batch: first, Lot: "L1", Packs: 2000, Ranges: []api.HeldRange{active(0, 10), active(3000, 4990)}},
			}},
			{"the distributor", n.dd, []api.Holding{
				{Batch: first, Lot: "L1", Packs: 2900, Ranges: []api.HeldRange{active(10, 2000), active(2100, 3000), active(4990, 5000)}},
			}},
			{"the pharmacy", n.pharmacy, []api.Holding{
				{Batch: first, Lot: "L1", Packs: 100, Ranges: []api.HeldRange{
					active(2000, 2050), {From: 2050, To: 2052, State: "dispensed"}, active(2052, 2099), {From: 2099, To: 2100, State: "dispensed"},
				}},
			}},
			{"the administration", n.da, nil},
		} {
			for _, limit := range []int{1, 50} {
				got := tt.o.stock(limit)
				if len(got) != len(tt.want) {
					t.Fatalf("%s has %+v", tt.name, got)
				}
				for i, h := range got {
					w := tt.want[i]
					if h.Batch != w.Batch || h.Lot != w.Lot || h.Packs != w.Packs || h.Product != "Theriacin 500 mg" || h.Status != "released" ||
						h.Maker != n.dm.org.GLN || h.Counted != h.Size || h.More || h.Expired {
						t.Errorf("%s: %+v, want %+v", tt.name, h, w)
					}
					if diff := cmp.Diff(w.Ranges, h.Ranges); diff != "" {
						t.Errorf("%s, batch %s: %s", tt.name, h.Lot, diff)
					}
					sum := uint64(0)
					for _, c := range h.Counts {
						sum += c.Packs
					}
					if sum != h.Packs {
						t.Errorf("%s: counts %+v of %d", tt.name, h.Counts, h.Packs)
					}
				}
			}
		}
		// A recall shows at once, and packs that were sent away are nobody's stock twice.
		if _, err := n.dm.at().Recall(t.Context(), ledgertest.NewID(), chain.Recall{GTIN: n.Product, Status: chain.Recalled, Reason: "glass"}); err != nil {
			t.Fatal(err)
		}
		for _, h := range n.pharmacy.stock(9) {
			if h.Status != "recalled" {
				t.Errorf("after the recall: %s", h.Status)
			}
		}
		batches, err := n.dm.at().ListBatches(t.Context(), "", 9)
		if err != nil || len(batches.Items) != 2 || batches.Items[0].Status != "recalled" || batches.Items[0].Released == 0 {
			t.Errorf("batches %+v, %v", batches, err)
		}
	})
}

func (n *town) batch(id canon.Digest) *chain.Batch {
	n.t.Helper()
	var b chain.Batch
	n.Read(chain.BatchKey(id), &b)
	return &b
}

// A batch of which more pages were touched than one answer looks at says so, and
// does not use up what others need.
func TestStockIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		small, large := n.release(n.lot("L1")), n.release(n.lot("L2"))
		n.mu.Lock()
		big := *n.batch(large)
		big.Release.Size = 5000 * chain.PageUnits
		n.State.Records[string(chain.BatchKey(large))] = encode(t, &big)
		for i := range uint32(4500) {
			n.State.Records[string(chain.UnitsKey(large, i))] = encode(t, &chain.Page{Custody: []chain.Run{{End: 1, Holder: n.dd.org.GLN}, {End: chain.PageUnits, Holder: n.dm.org.GLN}}})
		}
		n.mu.Unlock()
		got := n.dm.stock(50)
		if len(got) != 2 || got[0].Batch != large || got[1].Batch != small {
			t.Fatalf("%d holdings", len(got))
		}
		if h := got[0]; h.Counted != 4096*chain.PageUnits || h.Packs != 4096*(chain.PageUnits-1) || len(h.Ranges) != 256 || !h.More {
			t.Errorf("counted %d, %d packs, %d ranges, more %t", h.Counted, h.Packs, len(h.Ranges), h.More)
		}
		if h := got[1]; h.Counted != h.Size || h.Packs != h.Size {
			t.Errorf("the small one: %+v", h)
		}
	})
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := canon.CBOR(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A batch is in the list from the moment its release begins.
func TestListBatchesWhileReleasing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.release(n.lot("L1"))
		hold := make(chan struct{})
		n.dm.packs.during = func(context.Context, *supply.BatchSpec, func(done, total uint64)) error {
			<-hold
			return nil
		}
		j, err := n.dm.at().Release(t.Context(), ledgertest.NewID(), n.lot("L2"))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		list, err := n.dm.at().ListBatches(t.Context(), "", 9)
		if err != nil || len(list.Items) != 2 || list.Items[0].Status != "releasing" || list.Items[0].Lot != "L2" || list.Items[0].Job == nil || list.Items[0].Job.ID != j.ID {
			t.Errorf("while it runs: %+v, %v", list, err)
		}
		close(hold)
		synctest.Wait()
		list, err = n.dm.at().ListBatches(t.Context(), "", 1)
		if err != nil || len(list.Items) != 1 || list.Items[0].Status != "released" || list.Items[0].Job != nil || list.Next == "" {
			t.Errorf("after it: %+v, %v", list, err)
		}
		jobs, err := n.dm.at().ListJobs(t.Context(), "", 9)
		if err != nil || len(jobs.Items) != 2 || jobs.Items[0].ID != j.ID || jobs.Items[0].State != "done" {
			t.Errorf("jobs %+v, %v", jobs, err)
		}
	})
}

// Dossiers stand with their decision; certificates with their status of today.
func TestListDossiersAndCertificates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.sending()
		n.da.sending()
		var sent []canon.ID
		for i := range 5 {
			id := ledgertest.NewID()
			_, err := n.dm.at().SubmitDossier(t.Context(), id, supply.Draft{To: n.da.org.GLN, Case: fmt.Sprint("case-", i), Prev: []canon.Digest{n.Supply.Envelope.Digest()}}, supply.DossierDraft{
				Product: "Theriacin", GTINs: []gs1.GTIN{gs1.GTIN(ledgertest.WithCheckDigit(fmt.Sprintf("040000030001%d", i+2)))}, Materials: []gs1.LGTIN{n.World.Lot},
				Documents: []pedigree.Document{{Name: "trial", Media: "text/plain", Bytes: []byte("data")}},
			})
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, id)
			pass(time.Second)
		}
		bc := func(i int) canon.Digest { return n.dm.message(n.dm.org.GLN, sent[i]).Receipt.BC }
		approval := supply.Approval{
			Form: "tablet", Markets: []string{"DE"}, Name: "Theriacin 500", NationalCode: "NTIN-1", Number: "DE/7", Sites: []gs1.GLN{gs1.GLN(n.dm.org.GLN)},
			Strength: "500 mg", Substance: "acetylsalicylic acid", From: n.now(), Until: n.now().AddDate(5, 0, 0),
		}
		if _, err := n.da.at().Approve(t.Context(), ledgertest.NewID(), bc(1), approval); err != nil {
			t.Fatal(err)
		}
		if _, err := n.da.at().Answer(t.Context(), ledgertest.NewID(), bc(3), pedigree.Question, "which glass?"); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		states := func(o *office, out bool, state string) []string {
			var got []string
			for _, d := range all(t, 2, func(p supply.Page) ([]api.Dossier, string, error) {
				l, err := o.at().ListDossiers(t.Context(), out, state, p)
				if err != nil {
					return nil, "", err
				}
				return l.Items, l.Next, nil
			}) {
				got = append(got, d.Case+" "+d.State)
			}
			return got
		}
		everything := []string{"case-4 undecided", "case-3 question", "case-2 undecided", "case-1 approved", "case-0 undecided"}
		for _, tt := range []struct {
			o     *office
			out   bool
			state string
			want  []string
		}{
			{n.da, false, "", everything},
			{n.dm, true, "", everything},
			{n.da, false, "undecided", []string{everything[0], everything[2], everything[4]}},
			{n.dm, true, "question", everything[1:2]},
			{n.da, true, "", nil},
			{n.dm, false, "", nil},
			{n.dd, false, "", nil},
		} {
			if got := states(tt.o, tt.out, tt.state); !slices.Equal(got, tt.want) {
				t.Errorf("%s, out %t, %q: %v, want %v", tt.o.org.Name, tt.out, tt.state, got, tt.want)
			}
		}
		if _, err := n.da.at().CertificateStatus(t.Context(), ledgertest.NewID(), chain.CertificateChange{Number: "DE/7", Status: chain.CertificateSuspended, Reason: "glass"}); err != nil {
			t.Fatal(err)
		}
		for _, o := range []*office{n.da, n.dm} {
			l, err := o.at().ListCertificates(t.Context(), supply.Page{Limit: 9})
			if err != nil || len(l.Items) != 1 {
				t.Fatalf("%s: %+v, %v", o.org.Name, l, err)
			}
			if c := l.Items[0]; c.Number != "DE/7" || c.Name != "Theriacin 500" || c.Status != "suspended" || c.Issuer != n.da.org.GLN || c.Holder != n.dm.org.GLN || c.Decision.IsZero() {
				t.Errorf("%s: %+v", o.org.Name, c)
			}
		}
	})
}

// A second dispense is an alert to the maker and to whoever tried, and to nobody else.
func TestListAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		batch := n.release(n.lot("L1"))
		n.hand(batch, 0, 40)
		for i := range uint64(3) {
			if _, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(n.scanned(batch, i)...)); err != nil {
				t.Fatal(err)
			}
			if _, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(n.scanned(batch, i)...)); err == nil {
				t.Fatal("dispensed twice")
			}
		}
		for _, tt := range []struct {
			o    *office
			want int
		}{{n.dm, 3}, {n.pharmacy, 3}, {n.dd, 0}, {n.da, 0}} {
			for _, limit := range []int{1, 2, 9} {
				got := all(t, limit, func(p supply.Page) ([]api.Alert, string, error) {
					l, err := tt.o.at().ListAlerts(p)
					if err != nil {
						return nil, "", err
					}
					return l.Items, l.Next, nil
				})
				if len(got) != tt.want {
					t.Errorf("%s sees %d alerts by %d, want %d", tt.o.org.Name, len(got), limit, tt.want)
				}
				for i, a := range got {
					if want := uint64(2 - i); a.Code != "already_dispensed" || a.Batch != batch || a.Lot != "L1" || a.By != n.pharmacy.org.GLN || a.Units[0].From != want || a.Height == 0 {
						t.Errorf("alert %d: %+v", i, a)
					}
				}
			}
		}
		for _, cursor := range []string{"x", "-1", "01", "18446744073709551616"} {
			if _, err := n.dm.at().ListAlerts(supply.Page{Cursor: cursor, Limit: 1}); !errors.Is(err, supply.ErrRequest) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
	})
}

// What waits is shown by receiver and reason.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		if q, err := n.dm.at().Queue(t.Context()); err != nil || q.Queued != 0 || len(q.Receivers) != 0 {
			t.Errorf("empty: %+v, %v", q, err)
		}
		for i := range 3 {
			n.ask(fmt.Sprint("case-", i))
		}
		q, err := n.dm.at().Queue(t.Context())
		if err != nil || q.Queued != 3 || q.More || q.Oldest == "" || len(q.Receivers) != 1 {
			t.Fatalf("%+v, %v", q, err)
		}
		if r := q.Receivers[0]; r.GLN != n.ms.org.GLN || r.Name != n.ms.org.Name || r.Messages != 3 || r.Code != "" {
			t.Errorf("%+v", r)
		}
	})
}
