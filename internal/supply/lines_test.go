package supply_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
)

// keysAt returns the epochs of which a device gets its key, each of which it can open.
func (l *lab) keysAt(o *office, line *ledgertest.Line, d *ledgertest.Device) []uint64 {
	l.t.Helper()
	found, err := o.at().LineKeys(context.Background(), line.Key.Line, kidOf(d.Point))
	if err != nil {
		l.t.Fatalf("LineKeys: %v", err)
	}
	var record chain.Line
	l.Read(chain.LineKey(line.Key.Line), &record)
	var epochs []uint64
	for _, k := range found.Items {
		key, err := genuine.OpenLineKey(ledgertest.ChainID, &d.Device, d.Open, &record, k.Sealed)
		if err != nil || key.Epoch != k.Epoch {
			l.t.Errorf("the key of epoch %d does not open: %v", k.Epoch, err)
		}
		epochs = append(epochs, k.Epoch)
	}
	return epochs
}

// Every device of a line gets its keys, of each epoch that it belongs to; one that was
// revoked gets none any more (001-04).
func TestPutLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		if got := l.keysAt(l.dm, l.drug, l.carriers); !slices.Equal(got, []uint64{1}) {
			t.Errorf("the distributor's device has keys of epochs %v", got)
		}
		// Another device in the same epoch: the others need no key again.
		added := ledgertest.NewDevice(l.DD)
		l.add(l.drug, added)
		u := l.update(l.drug)
		u.Keys = slices.DeleteFunc(u.Keys, func(k api.LineKey) bool { return k.Device != kidOf(added.Point) })
		line, err := l.dm.at().PutLine(t.Context(), u)
		if err != nil || len(line.Devices) != 4 || line.Maker != l.DM.GLN || line.Devices[0].ID != kidOf(line.Devices[0].Point) {
			t.Fatalf("PutLine = %+v, %v", line, err)
		}
		leaves := len(l.State.Leaves)
		if _, err := l.dm.at().PutLine(t.Context(), u); err != nil || len(l.State.Leaves) != leaves {
			t.Errorf("put again: %v, %d leaves", err, len(l.State.Leaves)-leaves)
		}
		// Without the distributor's first device an epoch begins.
		before := l.drug.Key
		l.drug.Put.Devices = slices.DeleteFunc(l.drug.Put.Devices, func(d chain.Device) bool { return bytes.Equal(d.Point, l.carriers.Point) })
		l.turn(l.drug)
		if _, err := l.dm.at().PutLine(t.Context(), l.update(l.drug)); err != nil {
			t.Fatal(err)
		}
		if got := l.keysAt(l.dm, l.drug, added); !slices.Equal(got, []uint64{2, 1}) {
			t.Errorf("a device has keys of epochs %v", got)
		}
		// Who comes later may measure what was registered before, too.
		late := ledgertest.NewDevice(l.DD)
		l.add(l.drug, late)
		u = l.update(l.drug)
		u.Keys = slices.DeleteFunc(u.Keys, func(k api.LineKey) bool { return k.Device != kidOf(late.Point) })
		sealed, err := genuine.SealLineKey(ledgertest.ChainID, &late.Device, &before)
		if err != nil {
			t.Fatal(err)
		}
		u.Keys = append(u.Keys, api.LineKey{Device: kidOf(late.Point), Epoch: 1, Sealed: sealed})
		if _, err := l.dm.at().PutLine(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if got := l.keysAt(l.dm, l.drug, late); !slices.Equal(got, []uint64{2, 1}) {
			t.Errorf("a late device has keys of epochs %v", got)
		}
		for name, ask := range map[string]func() (*api.LineKeys, error){
			"revoked": func() (*api.LineKeys, error) {
				return l.dm.at().LineKeys(t.Context(), l.drug.Key.Line, kidOf(l.carriers.Point))
			},
			"elsewhere": func() (*api.LineKeys, error) {
				return l.dd.at().LineKeys(t.Context(), l.drug.Key.Line, kidOf(added.Point))
			},
		} {
			if k, err := ask(); !errors.Is(err, supply.ErrUnknown) {
				t.Errorf("%s: %+v, %v", name, k, err)
			}
		}
		lines, err := l.dm.at().ListLines(t.Context())
		if err != nil || len(lines.Items) != 1 || lines.Items[0].Epoch != 2 {
			t.Errorf("ListLines = %+v, %v", lines, err)
		}
		if other, err := l.dd.at().Line(l.drug.Key.Line); err != nil || other.Maker != l.DM.GLN {
			t.Errorf("anybody's Line = %+v, %v", other, err)
		}
	})
}

// add admits a device to a line.
func (l *lab) add(line *ledgertest.Line, d *ledgertest.Device) {
	line.Put.Devices = append(line.Put.Devices, d.Device)
	slices.SortFunc(line.Put.Devices, func(a, b chain.Device) int { return bytes.Compare(a.Point, b.Point) })
}

// turn begins an epoch of a line, with another judgment value.
func (l *lab) turn(line *ledgertest.Line) {
	line.Key.Epoch++
	line.Key.J = genuine.Judgment(ledgertest.NewID())
	line.Put.Epoch = line.Key.Epoch
}

// What is refused changes nothing: no leaf, no key.
func TestPutLineRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		stranger := ledgertest.NewDevice(l.DD)
		for _, tt := range []struct {
			name   string
			at     *office
			change func(u *api.LineUpdate)
			want   error
		}{
			{"a key is missing", l.dm, func(u *api.LineUpdate) { u.Epoch, u.Keys = 2, u.Keys[1:] }, ledger.ErrLine},
			{"keys of the epoch before", l.dm, func(u *api.LineUpdate) { u.Epoch = 2 }, ledger.ErrLine},
			{"two keys", l.dm, func(u *api.LineUpdate) { u.Keys = append(u.Keys, u.Keys[0]) }, ledger.ErrLine},
			{"a key of a later epoch", l.dm, func(u *api.LineUpdate) { u.Keys[0].Epoch = 2 }, ledger.ErrLine},
			{"a key of nothing", l.dm, func(u *api.LineUpdate) { u.Keys[0].Sealed = nil }, ledger.ErrLine},
			{"a key too large", l.dm, func(u *api.LineUpdate) { u.Keys[0].Sealed = make([]byte, 9<<10) }, ledger.ErrLine},
			{"a key for a stranger", l.dm, func(u *api.LineUpdate) { u.Keys[0].Device = kidOf(stranger.Point) }, ledger.ErrLine},
			{"another key in the epoch", l.dm, func(u *api.LineUpdate) { u.Keys[0].Sealed[3] ^= 1 }, supply.ErrExists},
			{"a device that is none", l.dm, func(u *api.LineUpdate) { u.Devices[0].Point = []byte{4} }, ledger.ErrLine},
			{"no devices", l.dm, func(u *api.LineUpdate) { u.Devices, u.Keys = nil, nil }, ledger.ErrLine},
			{"another's product", l.ms, func(*api.LineUpdate) {}, ledger.ErrLicence},
		} {
			u := l.update(l.drug)
			if tt.at == l.dm {
				l.sameKeys(u)
			}
			tt.change(u)
			booked, leaves := len(tt.at.booked()), len(l.State.Leaves)
			line, err := tt.at.at().PutLine(t.Context(), u)
			if line != nil || !errors.Is(err, tt.want) {
				t.Errorf("%s: PutLine = %+v, %v, want %v", tt.name, line, err, tt.want)
			}
			if len(tt.at.booked()) != booked+1 || len(l.State.Leaves) != leaves {
				t.Errorf("%s: %d entries, %d leaves", tt.name, len(tt.at.booked())-booked, len(l.State.Leaves)-leaves)
			}
			if got := l.keysAt(l.dm, l.drug, l.carriers); !slices.Equal(got, []uint64{1}) {
				t.Errorf("%s: keys of epochs %v are kept", tt.name, got)
			}
		}
		if _, err := l.dm.at().Line(canon.Sum(nil)); !errors.Is(err, ledger.ErrUnknownLine) {
			t.Errorf("a line of nobody's: %v", err)
		}
	})
}

// sameKeys replaces the keys of an update by those that are kept: sealed again, they
// are other bytes.
func (l *lab) sameKeys(u *api.LineUpdate) {
	for i := range u.Keys {
		k, err := l.dm.store.LineKeys(context.Background(), chain.LineID(l.DM.GLN, u.GTIN), u.Keys[i].Device)
		if err != nil || len(k) != 1 {
			l.t.Fatal(k, err)
		}
		u.Keys[i] = k[0]
	}
}

// A crash between the ledger and the keys: put again, the line is found, and the keys
// are kept; two administrators at once do not part the devices.
func TestPutLineAfterCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.turn(l.drug)
		u := l.update(l.drug)
		l.dm.keys = func() error { return errDown }
		if _, err := l.dm.at().PutLine(t.Context(), u); !errors.Is(err, errDown) {
			t.Fatalf("PutLine = %v, want it broken", err)
		}
		l.dm.keys = nil
		l.dm.crash()
		if got := l.keysAt(l.dm, l.drug, l.carriers); !slices.Equal(got, []uint64{1}) {
			t.Fatalf("keys of epochs %v: the test breaks at the wrong place", got)
		}
		if _, err := l.dm.at().PutLine(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if got := l.keysAt(l.dm, l.drug, l.carriers); !slices.Equal(got, []uint64{2, 1}) {
			t.Errorf("keys of epochs %v", got)
		}
		l.drug.Key.J = genuine.Judgment(ledgertest.NewID())
		if _, err := l.dm.at().PutLine(t.Context(), l.update(l.drug)); !errors.Is(err, supply.ErrExists) {
			t.Errorf("another judgment value in the epoch: %v", err)
		}
	})
}
