package supply_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// lot returns the order to release a lot of 40 packs.
func (n *town) lot(name gs1.Lot) api.Release {
	return api.Release{
		Certificate: ledgertest.Number, Expiry: "2029-03-31", GTIN: n.Product, Inputs: []gs1.LGTIN{n.Lot}, Lot: name,
		Materials: []canon.Digest{n.Supply.Envelope.Digest()}, Site: gs1.GLN(n.dm.org.GLN), Size: 40,
	}
}

// ended waits until a job of the manufacturer has ended.
func (n *town) ended(id canon.ID) *supply.Job {
	n.t.Helper()
	var last supply.Job
	if err := n.dm.at().Watch(context.Background(), id, func(j supply.Job) error { last = j; return nil }); err != nil {
		n.t.Fatalf("Watch: %v", err)
	}
	return &last
}

// release releases a lot to its end, and returns its name on the ledger.
func (n *town) release(r api.Release) canon.Digest {
	n.t.Helper()
	id := ledgertest.NewID()
	if _, err := n.dm.at().Release(context.Background(), id, r); err != nil {
		n.t.Fatalf("Release: %v", err)
	}
	if j := n.ended(id); j.State != supply.Finished {
		n.t.Fatalf("the job has %s: %s: %s", j.State, j.Code, j.Text)
	}
	return chain.BatchID(n.dm.org.GLN, r.GTIN, r.Lot)
}

// checkReleased holds that ledger, packs and store agree on a batch, which is there once.
func (n *town) checkReleased(id canon.Digest) {
	n.t.Helper()
	var b chain.Batch
	n.Read(chain.BatchKey(id), &b)
	packs, err := n.dm.packs.Open(id, pedigree.BatchSecret{})
	if err != nil || packs.Root() != b.Release.Root || packs.Size() != b.Release.Size {
		n.t.Errorf("the packs are not those of the ledger: %v", err)
	}
	kept, err := n.dm.store.Batch(context.Background(), id)
	if err != nil || kept.Expiry != b.Release.Expiry || canon.Sum(kept.Transformation) != b.Release.Transformation {
		n.t.Errorf("the kept batch is not the ledger's: %+v, %v", kept, err)
	}
	if got := n.leaves("batch/" + id.String()); got != 1 {
		n.t.Errorf("%d leaves are about the batch, want 1", got)
	}
}

func TestReleaseIsWatchedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.packs.during = func(_ context.Context, s *supply.BatchSpec, progress func(done, total uint64)) error {
			for i := range s.Size {
				progress(i+1, s.Size)
				time.Sleep(time.Second)
			}
			return nil
		}
		id, d := ledgertest.NewID(), n.dm.at()
		j, err := d.Release(t.Context(), id, n.lot("L1"))
		if err != nil || j.State != supply.Running {
			t.Fatalf("Release = %+v, %v, want it running", j, err)
		}
		if again, err := d.Release(t.Context(), id, n.lot("L1")); err != nil || again.ID != id {
			t.Errorf("the same again = %+v, %v, want the same job", again, err)
		}
		if _, err := d.Release(t.Context(), ledgertest.NewID(), n.lot("L1")); !errors.Is(err, supply.ErrExists) {
			t.Errorf("the same lot at once = %v, want ErrExists", err)
		}
		var seen []uint64
		if err := d.Watch(t.Context(), id, func(j supply.Job) error { seen = append(seen, j.Done); return nil }); err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(seen); i++ {
			if seen[i] < seen[i-1] {
				t.Errorf("progress went from %d to %d", seen[i-1], seen[i])
			}
		}
		if len(seen) < 40 || seen[len(seen)-1] != 40 {
			t.Errorf("the watcher saw %d changes, the last of %d packs", len(seen), seen[len(seen)-1])
		}
		batch := chain.BatchID(n.dm.org.GLN, n.Product, "L1")
		if j, err := d.Job(t.Context(), id); err != nil || j.State != supply.Finished || j.Result != batch.String() {
			t.Errorf("Job = %+v, %v", j, err)
		}
		n.checkReleased(batch)
		if _, err := d.Release(t.Context(), ledgertest.NewID(), n.lot("L1")); !errors.Is(err, ledger.ErrBatchExists) {
			t.Errorf("the lot again = %v, want ErrBatchExists", err)
		}
		if err := d.Watch(t.Context(), ledgertest.NewID(), nil); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("Watch of no job = %v, want ErrUnknown", err)
		}
	})
}

func TestReleaseRefusesAtOnce(t *testing.T) {
	n := newTown(t)
	for _, tt := range []struct {
		name   string
		at     *office
		change func(r *api.Release)
		want   error
	}{
		{"no such certificate", n.dm, func(r *api.Release) { r.Certificate = "EU/0" }, pedigree.ErrNotApproved},
		{"another's certificate", n.dd, func(*api.Release) {}, pedigree.ErrNotApproved},
		{"another product", n.dm, func(r *api.Release) { r.GTIN = n.Lot.GTIN }, pedigree.ErrNotCertified},
		{"no packs", n.dm, func(r *api.Release) { r.Size = 0 }, supply.ErrRequest},
		{"two sizes", n.dm, func(r *api.Release) { r.Serials = []gs1.Serial{"1"} }, supply.ErrRequest},
		{"more packs than a ledger takes", n.dm, func(r *api.Release) { r.Size = ledger.MaxBatch + 1 }, ledger.ErrBatch},
		{"a lot that is none", n.dm, func(r *api.Release) { r.Lot = "ä" }, ledger.ErrBatch},
		{"a day that is none", n.dm, func(r *api.Release) { r.Expiry = "2029-02-30" }, envelope.ErrField},
		{"of nothing", n.dm, func(r *api.Release) { r.Inputs = nil }, supply.ErrRequest},
		{"of what nobody supplied", n.dm, func(r *api.Release) { r.Inputs[0].Lot = "OTHER" }, ledger.ErrMaterial},
		{"of a supply that is none", n.dm, func(r *api.Release) { r.Materials[0] = canon.Sum(nil) }, envelope.ErrPrev},
		{"nowhere", n.dm, func(r *api.Release) { r.Site = "1" }, supply.ErrRequest},
	} {
		r := n.lot("L1")
		tt.change(&r)
		id := ledgertest.NewID()
		if _, err := tt.at.at().Release(t.Context(), id, r); !errors.Is(err, tt.want) {
			t.Errorf("%s: Release = %v, want %v", tt.name, err, tt.want)
		}
		if _, err := tt.at.at().Job(t.Context(), id); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("%s: it left a job", tt.name)
		}
		if tt.at.packs.len() != 0 {
			t.Errorf("%s: it left packs", tt.name)
		}
	}
	n.release(n.lot("L1")) // nothing of it kept the lot from being released
}

// A crash at any step of a release: it is taken up there, and done once.
func TestReleaseSurvivesCrashes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(n *town)
		mend   func(n *town)
		builds int
	}{
		{
			"while the packs are made",
			func(n *town) {
				n.dm.packs.during = func(ctx context.Context, _ *supply.BatchSpec, _ func(done, total uint64)) error {
					<-ctx.Done()
					return ctx.Err()
				}
			},
			func(n *town) { n.dm.packs.during = nil }, 1,
		},
		{
			"before the ledger has it",
			func(n *town) {
				n.dm.submit = func(ctx context.Context, _ []byte) (ledger.Result, error) {
					<-ctx.Done()
					return ledger.Result{}, ctx.Err()
				}
			},
			func(n *town) { n.dm.submit = n.commit }, 1,
		},
		{
			"when the ledger has it",
			func(n *town) {
				n.dm.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
					_, err := n.commit(ctx, tx)
					<-ctx.Done()
					return ledger.Result{}, errors.Join(err, ctx.Err())
				}
			},
			func(n *town) { n.dm.submit = n.commit }, 1,
		},
		{
			"before it is kept",
			func(n *town) {
				n.dm.work = func(*supply.Batch) error {
					<-n.dm.ctx.Done()
					return errDown
				}
			},
			func(n *town) { n.dm.work = nil }, 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTown(t)
				tt.spoil(n)
				id := ledgertest.NewID()
				if _, err := n.dm.at().Release(t.Context(), id, n.lot("L1")); err != nil {
					t.Fatal(err)
				}
				pass(5 * time.Second)
				watched := make(chan error, 1)
				d := n.dm.at()
				go func() { watched <- d.Watch(context.Background(), id, func(supply.Job) error { return nil }) }()
				synctest.Wait()
				n.dm.end()
				n.dm.close()
				if err := <-watched; !errors.Is(err, supply.ErrBusy) {
					t.Errorf("the watcher is told %v, want ErrBusy", err)
				}
				tt.mend(n)
				n.dm.open()
				if j := n.ended(id); j.State != supply.Finished {
					t.Fatalf("the job has %s: %s: %s", j.State, j.Code, j.Text)
				}
				n.checkReleased(chain.BatchID(n.dm.org.GLN, n.Product, "L1"))
				if n.dm.packs.builds != tt.builds {
					t.Errorf("packs were made %d times, want %d", n.dm.packs.builds, tt.builds)
				}
			})
		})
	}
}

func TestReleaseGoesOnWhileTheLedgerIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		tries := 0
		n.dm.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
			if tries++; tries < 50 {
				if tries%2 == 0 {
					return ledger.Refused(ledger.ErrFull), nil
				}
				return ledger.Result{}, errDown
			}
			return n.commit(ctx, tx)
		}
		n.checkReleased(n.release(n.lot("L1")))
	})
}

// A release that the ledger refuses takes its packs away, and the lot can be
// released yet.
func TestRefusedReleaseRemovesItsPacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		set := func(s chain.CertificateStatus) {
			t.Helper()
			c := chain.CertificateChange{Number: ledgertest.Number, Status: s, Reason: "inspection"}
			if _, err := n.da.at().CertificateStatus(t.Context(), ledgertest.NewID(), c); err != nil {
				t.Fatal(err)
			}
		}
		n.dm.packs.during = func(context.Context, *supply.BatchSpec, func(done, total uint64)) error {
			set(chain.CertificateSuspended)
			return nil
		}
		id := ledgertest.NewID()
		if _, err := n.dm.at().Release(t.Context(), id, n.lot("L1")); err != nil {
			t.Fatal(err)
		}
		if j := n.ended(id); j.State != supply.Failed || j.Code != "not_approved" {
			t.Errorf("the job has %s (%s), want failed (not_approved)", j.State, j.Code)
		}
		if got := n.dm.packs.len(); got != 0 {
			t.Errorf("%d batches of packs are left", got)
		}
		n.dm.packs.during = nil
		set(chain.CertificateValid)
		other := n.lot("L1")
		other.Size, other.Expiry = 7, "2030-01-31"
		n.checkReleased(n.release(other))
	})
}

// Packs that an earlier attempt left, of which another batch was to be, are not
// taken for those of this one.
func TestReleaseDoesNotTakeStalePacks(t *testing.T) {
	for name, change := range map[string]func(s *supply.BatchSpec){
		"expiry":  func(s *supply.BatchSpec) { s.Expiry = "2030-12-31" },
		"size":    func(s *supply.BatchSpec) { s.Size++ },
		"serials": func(s *supply.BatchSpec) { s.Size, s.Serials = 2, []gs1.Serial{"A", "C"} },
	} {
		t.Run(name, func(t *testing.T) {
			n := newTown(t)
			r := n.lot("L1")
			r.Size, r.Serials = 0, []gs1.Serial{"A", "B"}
			stale := supply.BatchSpec{
				ID: chain.BatchID(n.dm.org.GLN, r.GTIN, r.Lot), GTIN: r.GTIN, Lot: r.Lot, Expiry: r.Expiry, Size: 2, Serials: r.Serials,
			}
			if name != "serials" {
				r.Size, r.Serials, stale.Size, stale.Serials = 2, nil, 2, nil
			}
			change(&stale)
			if _, err := n.dm.packs.Build(t.Context(), stale, nil); err != nil {
				t.Fatal(err)
			}
			n.checkReleased(n.release(r))
			printed, err := n.dm.at().Printed(t.Context(), stale.ID, 0, 9)
			if err != nil || len(printed) != 2 || !strings.Contains(printed[0].Code, "(17)290331") {
				t.Errorf("Printed = %v, %v", printed, err)
			}
		})
	}
}

// What broke is in the operator's log; the job says only that something did.
func TestBrokenJobTellsNoSecrets(t *testing.T) {
	n := newTown(t)
	n.dm.work = func(*supply.Batch) error { return errors.New(`pq: password "hunter2" refused at /var/lib/theriac`) }
	id := ledgertest.NewID()
	if _, err := n.dm.at().Release(t.Context(), id, n.lot("L1")); err != nil {
		t.Fatal(err)
	}
	if j := n.ended(id); j.State != supply.Failed || j.Code != "error" || strings.Contains(j.Text, "hunter2") {
		t.Errorf("the job has %s (%s): %q", j.State, j.Code, j.Text)
	}
	n.dm.close()
	if !strings.Contains(n.dm.log.String(), "hunter2") {
		t.Error("the log does not say what broke")
	}
}

func TestPrinted(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	seen := map[string]bool{}
	for _, tt := range []struct{ from, limit, want uint64 }{
		{0, 10, 10}, {10, 30, 30}, {35, 100, 5}, {40, 10, 0}, {1 << 63, 1 << 63, 0}, {0, 0, 0},
	} {
		got, err := n.dm.at().Printed(t.Context(), batch, tt.from, tt.limit)
		if err != nil || uint64(len(got)) != tt.want {
			t.Errorf("Printed(%d, %d) = %d packs, %v, want %d", tt.from, tt.limit, len(got), err, tt.want)
		}
		for i, p := range got {
			id, err := gs1.ParseIdentifier(p.Code, n.now())
			if err != nil || id.GTIN != n.Product || id.Lot != "L1" || id.Expiry != "2029-03-31" || p.Index != tt.from+uint64(i) {
				t.Errorf("pack %d is printed %q: %+v, %v", p.Index, p.Code, id, err)
			}
			seen[string(id.Serial)] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d serial numbers, want 40", len(seen))
	}
	for _, at := range []*office{n.dm, n.dd} {
		if _, err := at.at().Printed(t.Context(), canon.Sum(nil), 0, 1); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("Printed of no batch = %v, want ErrUnknown", err)
		}
		if book := at.booked(); len(book) == 0 || book[0] != "list packs: "+supply.ErrUnknown.Code() {
			t.Errorf("%s: booked %q", at.org.Name, book)
		}
	}
}

// The event that a release enters says what the batch was made of.
func TestReleaseSaysWhatItWasMadeOf(t *testing.T) {
	n := newTown(t)
	kept, err := n.dm.store.Batch(t.Context(), n.release(n.lot("L1")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := epcis.ReadTransformation(kept.Transformation)
	if err != nil || len(got.Inputs) != 1 || got.Inputs[0] != n.Lot || got.Output != (gs1.LGTIN{GTIN: n.Product, Lot: "L1"}) {
		t.Errorf("the event says %+v, %v", got, err)
	}
}
