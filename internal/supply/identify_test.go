package supply_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"theriac/api"
	"theriac/canon"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// Transaction information is for the consignee's own device, for the thing in its hand;
// that it was taken is booked, and not what it says.
func TestTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, id, _ := arrived(t)
		code := l.scanned(l.batch, 4)[0]
		u, err := l.dd.at().Transaction(t.Context(), id, 4, code)
		if err != nil || u.Index != 4 || u.To != l.DD.GLN || u.Random == (canon.ID{}) {
			t.Fatalf("Transaction = %v, %v", u, err)
		}
		entries, _, err := l.dd.store.Entries(t.Context(), "", 1)
		if err != nil || entries[0].Action != "take transaction information" || strings.Contains(entries[0].Detail+entries[0].Subject, u.Random.String()) {
			t.Errorf("booked as %+v, %v", entries, err)
		}
		for name, tt := range map[string]struct {
			at    *office
			index uint64
			want  error
		}{
			"another mark":   {l.dd, 5, supply.ErrThing},
			"the registrar":  {l.dm, 4, ledger.ErrConsignee},
			"somebody else":  {l.pharmacy, 4, ledger.ErrConsignee},
			"beyond the end": {l.dd, 10, supply.ErrThing},
		} {
			if u, err := tt.at.at().Transaction(t.Context(), id, tt.index, code); u != nil || !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, %v, want %v", name, u, err, tt.want)
			}
		}
		// The maker is asked once for a pack; the label is judged each time.
		l.dd.opens = func(context.Context, *office, gs1.Identifier) (*api.Opening, error) { return nil, errDown }
		if _, err := l.dd.at().Transaction(t.Context(), id, 4, code); err != nil {
			t.Errorf("again, with the maker away: %v", err)
		}
		code.Lot = "L2"
		if _, err := l.dd.at().Transaction(t.Context(), id, 4, code); !errors.Is(err, pedigree.ErrLabel) {
			t.Errorf("another lot on the label: %v", err)
		}
	})
}

// An identification device of one's own hands in what it got; the same again is found,
// and what proves nothing does not reach the ledger.
func TestIdentify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, id, _ := arrived(t)
		u, err := l.dd.at().Transaction(t.Context(), id, 4, l.scanned(l.batch, 4)[0])
		if err != nil {
			t.Fatal(err)
		}
		c := &genuine.Challenge{Registration: id, Consignee: l.DD.GLN, Place: l.DD.GLN, Nonce: ledgertest.NewID(), Transaction: *u}
		a, err := l.drug.Key.Answer(c, ledgertest.Good(), l.carriers.Key)
		if err != nil {
			t.Fatal(err)
		}
		asked := api.Identifying{Registration: id, Index: 4, Place: c.Place, Nonce: c.Nonce, Answer: *a}
		for name, tt := range map[string]struct {
			at     *office
			change func(*api.Identifying)
			want   error
		}{
			"copied by another (001-08)": {l.pharmacy, func(*api.Identifying) {}, genuine.ErrProof},
			"for another mark":           {l.dd, func(i *api.Identifying) { i.Index = 5 }, genuine.ErrProof},
			"beyond the marks":           {l.dd, func(i *api.Identifying) { i.Index = 10 }, supply.ErrUnknown},
			"at another place":           {l.dd, func(i *api.Identifying) { i.Place = l.DM.GLN }, genuine.ErrProof},
			"with another nonce":         {l.dd, func(i *api.Identifying) { i.Nonce[0] ^= 1 }, genuine.ErrProof},
			"of nobody's":                {l.dd, func(i *api.Identifying) { i.Registration = canon.Sum(nil) }, ledger.ErrUnknownRegistration},
		} {
			i, leaves := asked, len(l.State.Leaves)
			tt.change(&i)
			if done, err := tt.at.at().Identify(t.Context(), ledgertest.NewID(), &i); done != nil || !errors.Is(err, tt.want) || len(l.State.Leaves) != leaves {
				t.Errorf("%s: %+v, %v, want %v", name, done, err, tt.want)
			}
		}
		l.dd.marks = func(context.Context, *office, canon.Digest, uint64) (*api.Mark, error) { return nil, errDown }
		if _, err := l.dd.at().Identify(t.Context(), ledgertest.NewID(), &asked); !errors.Is(err, supply.ErrRegistrar) {
			t.Errorf("with the registrar away: %v", err)
		}
		l.dd.marks = newBench().marks
		op := ledgertest.NewID()
		done, err := l.dd.at().Identify(t.Context(), op, &asked)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := l.dd.at().Identify(t.Context(), op, &asked); err != nil || *again != *done {
			t.Errorf("again: %+v, %v", again, err)
		}
		if _, err := l.dd.at().Identify(t.Context(), ledgertest.NewID(), &asked); !errors.Is(err, ledger.ErrVerified) {
			t.Errorf("replayed as another operation: %v", err)
		}
	})
}

// The answer to a measurement is lost: asked again under its name, it is found, and the
// thing need not lie there any more.
func TestMeasureAgainAfterLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, _ := arrived(t)
		op, code := ledgertest.NewID(), l.scanned(l.batch, 4)[0]
		m := &api.Measurement{Device: scales, Place: l.DD.GLN}
		l.dd.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
			_, err := l.commit(ctx, tx)
			return ledger.Result{}, errors.Join(err, errDown)
		}
		booked := len(l.dd.booked())
		if _, err := l.dd.at().Measure(t.Context(), op, m, code); !errors.Is(err, supply.ErrBusy) || len(l.dd.booked()) != booked {
			t.Fatalf("Measure = %v, want it busy and not booked", err)
		}
		l.dd.submit = l.commit
		l.dd.measure = func(context.Context, []byte) (*genuine.Answer, error) { return nil, genuine.ErrNotLegitimate }
		if done, err := l.dd.at().Measure(t.Context(), op, m, code); err != nil || done.Alert != "" || done.Index == 0 {
			t.Errorf("again: %+v, %v", done, err)
		}
	})
}
