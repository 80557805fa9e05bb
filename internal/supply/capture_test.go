package supply_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// foreignGTIN is a product of nobody here.
func foreignGTIN() gs1.GTIN { return gs1.GTIN(ledgertest.WithCheckDigit("0952400000001")) }

func sgtin(gtin gs1.GTIN, serial string) string {
	return "https://id.gs1.org/01/" + string(gtin) + "/21/" + serial
}

func sscc(i int) string {
	return "https://id.gs1.org/00/" + ledgertest.WithCheckDigit(fmt.Sprintf("395240000%08d", i))
}

// An epcisDoc is events, of which each method adds one, an hour after the last.
type epcisDoc struct{ events []string }

func (d *epcisDoc) add(typ, rest string) *epcisDoc {
	at := time.Date(2026, 11, 1, len(d.events)%24, len(d.events)/24, 0, 0, time.UTC).Format(time.RFC3339)
	d.events = append(d.events, fmt.Sprintf(`{"type":%q,"eventTime":%q,"eventTimeZoneOffset":"+00:00",%s}`, typ, at, rest))
	return d
}

func (d *epcisDoc) commission(lot, expiry string, packs ...string) *epcisDoc {
	return d.add("ObjectEvent", fmt.Sprintf(
		`"action":"ADD","bizStep":"commissioning","epcList":["%s"],"ilmd":{"cbvmda:lotNumber":%q,"cbvmda:itemExpirationDate":%q}`,
		strings.Join(packs, `","`), lot, expiry))
}

func (d *epcisDoc) pack(action, parent string, children ...string) *epcisDoc {
	return d.add("AggregationEvent", fmt.Sprintf(
		`"action":%q,"bizStep":"packing","parentID":%q,"childEPCs":["%s"]`, action, parent, strings.Join(children, `","`)))
}

func (d *epcisDoc) ship(what string) *epcisDoc {
	return d.add("ObjectEvent", fmt.Sprintf(`"action":"OBSERVE","bizStep":"shipping","epcList":[%q]`, what))
}

func (d *epcisDoc) bytes() []byte {
	return fmt.Appendf(nil, `{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld",{"cbvmda":"urn:epcglobal:cbv:mda:"}],`+
		`"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z","epcisBody":{"eventList":[%s]}}`,
		strings.Join(d.events, ","))
}

func TestCaptureOnce(t *testing.T) {
	n := newTown(t)
	pack := sgtin(foreignGTIN(), "1")
	raw := new(epcisDoc).commission("F1", "2028-01-31", pack, sgtin(foreignGTIN(), "2")).bytes()
	first, err := n.dd.at().Capture(t.Context(), raw)
	if err != nil || len(first.Batches) != 1 || first.Events != 1 {
		t.Fatalf("Capture = %+v, %v", first, err)
	}
	leaves := len(n.State.Leaves)
	again, err := n.dd.at().Capture(t.Context(), raw)
	if err != nil || again.Digest != first.Digest || again.Index != first.Index || len(again.Batches) != 1 {
		t.Errorf("Capture of the same = %+v, %v, want what there was: %+v", again, err, first)
	}
	if len(n.State.Leaves) != leaves {
		t.Error("the second capture has leaves")
	}
	id, err := gs1.ParseIdentifier(pack, n.now())
	if err != nil {
		t.Fatal(err)
	}
	o, err := n.dd.at().Opening(t.Context(), id)
	if err != nil || string(o.Document) != string(raw) || o.Batch != first.Batches[0] {
		t.Errorf("Opening of a captured pack = %+v, %v", o, err)
	}
	// What was captured need not be all that there is.
	id.Serial = "3"
	if _, err := n.dd.at().Opening(t.Context(), id); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("Opening of a pack that no document has = %v, want ErrUnknown", err)
	}
}

// A refused document leaves its entry in the book, and nothing else: no anchor, no
// packs, no batch of its good lots.
func TestCaptureRefuses(t *testing.T) {
	n := newTown(t)
	for _, tt := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"noise", []byte("noise"), epcis.ErrInvalid},
		{"too large", make([]byte, epcis.MaxSize+1), epcis.ErrTooLarge},
		{"two dates", new(epcisDoc).commission("F1", "2028-01-31", sgtin(foreignGTIN(), "1")).
			commission("F1", "2029-01-31", sgtin(foreignGTIN(), "2")).bytes(), epcis.ErrConflict},
		{"a pack twice", new(epcisDoc).commission("F1", "2028-01-31", sgtin(foreignGTIN(), "1")).
			commission("F2", "2028-01-31", sgtin(foreignGTIN(), "1")).bytes(), epcis.ErrConflict},
		{"a lot of another maker's product", new(epcisDoc).commission("F1", "2028-01-31", sgtin(foreignGTIN(), "1")).
			commission("F2", "2028-01-31", sgtin(n.Product, "1")).bytes(), ledger.ErrProductTaken},
	} {
		before, leaves := len(n.dd.booked()), len(n.State.Leaves)
		if _, err := n.dd.at().Capture(t.Context(), tt.raw); !errors.Is(err, tt.want) {
			t.Errorf("%s: Capture = %v, want %v", tt.name, err, tt.want)
		}
		if len(n.State.Leaves) != leaves || n.dd.packs.len() != 0 {
			t.Errorf("%s: it left %d leaves and %d batches of packs", tt.name, len(n.State.Leaves)-leaves, n.dd.packs.len())
		}
		if _, err := n.dd.store.Document(t.Context(), canon.Sum(tt.raw)); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("%s: the document is kept", tt.name)
		}
		if got := len(n.dd.booked()); got != before+1 {
			t.Errorf("%s: %d entries in the book, want 1", tt.name, got-before)
		}
	}
}

// Of a lot that stands in two documents, the first shows it.
func TestCaptureOfAKnownLot(t *testing.T) {
	n := newTown(t)
	first := new(epcisDoc).commission("F1", "2028-01-31", sgtin(foreignGTIN(), "1")).bytes()
	second := new(epcisDoc).commission("F1", "2028-01-31", sgtin(foreignGTIN(), "9")).commission("F2", "2028-01-31", sgtin(foreignGTIN(), "2")).bytes()
	a, err := n.dd.at().Capture(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := n.dd.at().Capture(t.Context(), second)
	if err != nil || len(b.Batches) != 1 || b.Batches[0] == a.Batches[0] {
		t.Errorf("Capture = %+v, %v, want the one new lot", b, err)
	}
	if _, err := n.dd.at().Opening(t.Context(), gs1.Identifier{GTIN: foreignGTIN(), Serial: "1"}); err != nil {
		t.Errorf("a pack of the first document: %v", err)
	}
	if _, err := n.dd.at().Opening(t.Context(), gs1.Identifier{GTIN: foreignGTIN(), Serial: "9"}); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("a pack that the second document slips into the first's lot: %v", err)
	}
}

// A crash at each step of a capture: captured again it is whole. Another document
// that comes instead, with the same lot, does not get the packs of the first.
func TestCaptureSurvivesCrashes(t *testing.T) {
	for at := range 4 { // of two transactions: before and after each
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			n := newTown(t)
			count := 0
			n.dd.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
				defer func() { count++ }()
				if 2*count == at {
					return ledger.Result{}, errDown
				}
				r, err := n.commit(ctx, tx)
				if 2*count+1 == at {
					return ledger.Result{}, errDown
				}
				return r, err
			}
			first := new(epcisDoc).commission("F1", "2028-01-31", sgtin(foreignGTIN(), "1"), sgtin(foreignGTIN(), "2")).bytes()
			if _, err := n.dd.at().Capture(t.Context(), first); !errors.Is(err, supply.ErrBusy) {
				t.Fatalf("Capture = %v, want ErrBusy", err)
			}
			n.dd.submit = n.commit
			n.dd.close()
			n.dd.open()
			other := new(epcisDoc).commission("F1", "2028-01-31", sgtin(foreignGTIN(), "8"), sgtin(foreignGTIN(), "9")).bytes()
			if _, err := n.dd.at().Capture(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			if _, err := n.dd.at().Capture(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			// Whichever document has the lot on the ledger, its packs are the lot's.
			var b chain.Batch
			n.Read(chain.BatchKey(chain.BatchID(n.dd.org.GLN, foreignGTIN(), "F1")), &b)
			serial := gs1.Serial("1")
			if b.Release.Evidence == canon.Sum(other) {
				serial = "8"
			}
			o, err := n.dd.at().Opening(t.Context(), gs1.Identifier{GTIN: foreignGTIN(), Serial: serial})
			if err != nil || canon.Sum(o.Document) != b.Release.Evidence {
				t.Errorf("the pack %s of the document on the ledger: %+v, %v", serial, o, err)
			}
			bundle, err := n.dd.at().Bundle(t.Context(), gs1.Identifier{GTIN: foreignGTIN(), Serial: serial})
			if err != nil || len(bundle.Document) == 0 {
				t.Errorf("Bundle = %v, %v", bundle, err)
			}
		})
	}
}

// A product that was captured before somebody made it: the maker is asked first,
// and what was captured is shown where the maker knows nothing.
func TestCapturedFallback(t *testing.T) {
	n := newTown(t)
	gtin := gs1.GTIN(ledgertest.WithCheckDigit("0400000300002"))
	raw := new(epcisDoc).commission("OLD", "2028-01-31", sgtin(gtin, "1")).bytes()
	if _, err := n.dd.at().Capture(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	n.certify(gtin, "EU/1/26/002")
	r := n.lot("NEW")
	r.Certificate, r.GTIN, r.Size, r.Serials = "EU/1/26/002", gtin, 0, []gs1.Serial{"2"}
	n.release(r)
	for _, tt := range []struct {
		serial gs1.Serial
		down   bool
		lot    gs1.Lot
		want   error
	}{
		{"1", false, "OLD", nil},
		{"1", true, "OLD", nil},
		{"2", false, "NEW", nil},
		{"3", false, "", ledger.ErrLeaf},
		{"3", true, "", supply.ErrMaker},
	} {
		n.dd.opens = func(ctx context.Context, to *office, id gs1.Identifier) (*api.Opening, error) {
			if tt.down {
				return nil, errDown
			}
			return to.at().OwnOpening(ctx, id)
		}
		o, err := n.dd.at().Opening(t.Context(), gs1.Identifier{GTIN: gtin, Serial: tt.serial})
		if !errors.Is(err, tt.want) || err == nil && o.Pack.Pack.Lot != tt.lot {
			t.Errorf("Opening(%s, maker down: %v) = %+v, %v, want lot %s, %v", tt.serial, tt.down, o, err, tt.lot, tt.want)
		}
	}
}

// certify has another product of the manufacturer approved.
func (n *town) certify(gtin gs1.GTIN, number string) {
	n.t.Helper()
	d := n.Dossiers()
	d.GTINs = []gs1.GTIN{gtin}
	dossier := n.dm.org.Message(n.now(), ledgertest.Case, n.da.org, d, n.Supply)
	n.admit(n.da.org.Anchor(n.now(), dossier))
	cert := n.da.org.Credential(n.dm.org, d.Documents, number, n.now().Add(-time.Hour), gtin)
	decision := n.da.org.Message(n.now(), ledgertest.Case, n.dm.org, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, dossier)
	n.admit(n.dm.org.Anchor(n.now(), decision))
}

// Attack: many large documents at once. One of the largest is read at a time.
func TestCapturesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		var mu sync.Mutex
		now, most := 0, 0
		n.dd.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second) // virtual: a block
			mu.Lock()
			now--
			mu.Unlock()
			return n.commit(ctx, tx)
		}
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				doc := new(epcisDoc).ship(sscc(i)).bytes()
				raw := append(doc, strings.Repeat(" ", epcis.MaxSize/3-len(doc))...)
				if _, err := n.dd.at().Capture(t.Context(), raw); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if most > 3 {
			t.Errorf("%d captures of a third of the limit at a time, want 3 at most", most)
		}
	})
}
