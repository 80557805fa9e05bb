package supply_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
	"theriac/refusal"
)

// Attack web-21: strangers report until outbox and ledger are full.
func TestReportFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		taken := 0
		var first []byte
		for range 110 {
			raw := n.reporter().signs()
			_, err := n.pharmacy.reports(raw)
			switch {
			case err == nil:
				taken++
				first = raw
			case !errors.Is(err, supply.ErrMany) || refusal.Code(err) != "too_many_requests":
				t.Fatal(err)
			}
		}
		if taken != 100 {
			t.Errorf("%d reports were taken, want 100", taken)
		}
		n.pharmacy.told(first) // is known, and costs nothing
		pass(time.Hour / 100)
		n.pharmacy.told(n.reporter().signs())
		if _, err := n.pharmacy.reports(n.reporter().signs()); !errors.Is(err, supply.ErrMany) {
			t.Errorf("the next one: %v", err)
		}
	})
}

// A crash after the report was taken keeps it from nobody: those who were not told
// are told when the desk is open again, each once.
func TestReportSurvivesCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		broken := errors.New("disk full")
		n.dm.settle = func(m *supply.Message) error {
			if m.Type == pedigree.TypeReport {
				return supply.ErrBusy
			}
			return nil
		}
		n.dm.hand = func(canon.ID) error { return broken }
		raw := n.reporter().signs()
		id := n.dm.told(raw).ID
		pass(3 * time.Second)
		if r := n.dm.stands(id); r.Status != "under_way" {
			t.Fatalf("%+v", r)
		}
		n.dm.settle, n.dm.hand = nil, nil
		n.dm.crash()
		pass(3 * time.Second)
		r := n.dm.stands(id)
		if r.Status != "received" {
			t.Fatalf("after the crash %+v", r)
		}
		n.dm.hasReport(n.dm, raw, &r.Receivers[0])
		n.da.hasReport(n.dm, raw, &r.Receivers[1])
		if got := n.leaves("evidence/" + canon.Sum(raw).String()); got != 1 {
			t.Errorf("anchored %d times", got)
		}
		n.dm.crash()
		pass(time.Minute)
		if got := n.leaves("case/" + canon.Sum(raw).String()); got != 1 {
			t.Errorf("the administration anchored it %d times", got)
		}
	})
}

// A receiver that is one no more when it is told is no reason to tell nobody else.
func TestReportReceiverLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.pharmacy.put = func() { n.stand(n.dm.org, chain.Active, chain.Courier) }
		n.pharmacy.sending()
		id := n.pharmacy.told(n.reporter().signs()).ID
		pass(time.Second)
		r := n.pharmacy.stands(id)
		if r.Status != "received" || r.Receivers[0].Status != "refused" || r.Receivers[1].Status != "received" {
			t.Errorf("%+v", r)
		}
	})
}

// What could not be written is not answered, and goes on when it is handed in again.
func TestReportIsAnsweredWhenWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.pharmacy.hand = func(canon.ID) error { return errors.New("disk full") }
		raw := n.reporter().signs()
		if _, err := n.pharmacy.reports(raw); err == nil {
			t.Fatal("answered, although it could not be written")
		}
		n.pharmacy.hand = nil
		n.pharmacy.sending()
		id := n.pharmacy.told(raw).ID
		pass(time.Second)
		if r := n.pharmacy.stands(id); r.Status != "received" {
			t.Errorf("handed in again: %+v", r)
		}
	})
}

// Attack web-21: a member hands on a report that nobody signed, under another
// digest, or for another ledger. The receiver anchors none of it.
func TestForgedNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.pharmacy.sending()
		good := n.reporter().signs()
		foreign := n.reporter().signs(func(c *pedigree.ReportClaims) { c.Chain = "elsewhere" })
		for _, tt := range []struct {
			name, report, under, want string
		}{
			{"under another digest", string(good), canon.Sum(nil).String(), "wrong_case"},
			{"of another ledger", string(foreign), canon.Sum(foreign).String(), "bad_report"},
		} {
			id, before := ledgertest.NewID(), len(n.State.Leaves)
			_, err := n.pharmacy.at().Send(t.Context(), id, supply.Draft{To: n.da.org.GLN, Case: tt.under}, &pedigree.ReportNotice{Report: tt.report})
			if err != nil {
				t.Fatal(err)
			}
			pass(time.Second)
			if m := n.pharmacy.message(n.pharmacy.org.GLN, id); m.Status != supply.Refused || m.Code != tt.want || len(n.State.Leaves) != before {
				t.Errorf("%s: %s %s, %d leaves", tt.name, m.Status, m.Code, len(n.State.Leaves)-before)
			}
		}
		bent := bytes.Clone(good)
		bent[len(bent)-3] ^= 1
		if _, err := n.pharmacy.at().Send(t.Context(), ledgertest.NewID(), supply.Draft{To: n.da.org.GLN, Case: "c"}, &pedigree.ReportNotice{Report: string(bent)}); err == nil {
			t.Error("a report that does not verify was sent")
		}
	})
}
