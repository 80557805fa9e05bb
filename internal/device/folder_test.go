package device

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/genuine"
	"theriac/internal/ledger/ledgertest"
)

// Attack: a maker's server gives a device a key of its own making: with the record that
// the ledger has, with a record of its own, or of an older epoch.
func TestForeignLineKeys(t *testing.T) {
	w := newTown(t)
	d, carrier := newDevice(t, w.DM), newDevice(t, w.DD)
	if _, err := w.change(t, d, Change{Criteria: pills(), Admit: []Card{carrier.Card}}); err != nil {
		t.Fatal(err)
	}
	o := w.office(w.DM)
	evil := genuine.LineKey{Line: w.lineID(), Epoch: 1, J: genuine.Judgment{1}, Criteria: []genuine.Criterion{{Feature: "mass", Unit: "g", Low: 0, High: genuine.MaxQuantity}}}
	give := func(k genuine.LineKey, record func(*api.Line)) { o.give(t, carrier, &k, record) }
	give(evil, nil)
	_, err := w.fetched(t, carrier, 1)
	code(t, err, "instrument_no_key")
	give(evil, func(r *api.Line) { r.Maker = w.DD.GLN })
	_, err = w.fetched(t, carrier, 1)
	code(t, err, "instrument_no_key")
	if l := must(loadLine(carrier.folder, w.lineID()))(t); l != nil {
		t.Errorf("kept %+v", l)
	}
	// With a record to it the key is taken, and stays only until the ledger's is seen.
	give(evil, func(r *api.Line) { r.Criteria = must(evil.Digest())(t) })
	if k, err := w.fetched(t, carrier, 1); err != nil || k.J != evil.J {
		t.Fatal(err)
	}
	o.answer = nil
	if k, err := w.fetched(t, carrier, 1); err != nil || k.J != w.judgment(t, d, 1).J {
		t.Error(err)
	}
	if l := must(loadLine(carrier.folder, w.lineID()))(t); len(l.Keys) != 1 {
		t.Errorf("%d keys", len(l.Keys))
	}
	// A record of before is no record of now.
	old := must(w.office(w.DM).line(w.lineID()))(t)
	if _, err := w.change(t, d, Change{Rotate: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.fetched(t, carrier, 2); err != nil {
		t.Fatal(err)
	}
	give(w.keyCopy(t, d, 1), func(r *api.Line) { *r = *old })
	_, err = w.fetched(t, carrier, 2)
	code(t, err, "instrument_no_key")
	// An older epoch's key that was checked once is not replaced.
	give(genuine.LineKey{Line: evil.Line, Epoch: 1, J: evil.J, Criteria: evil.Criteria}, nil)
	if _, err := w.fetched(t, carrier, 2); err != nil {
		t.Fatal(err)
	}
	if k := w.judgment(t, carrier, 1); k.J == evil.J {
		t.Error("an old key was replaced")
	}
}

// give makes a maker's server answer with a key, and perhaps a record, of its own.
func (o *office) give(t testing.TB, to *Device, k *genuine.LineKey, record func(*api.Line)) {
	o.answer = func(v any) any {
		x, ok := v.(api.LineKeys)
		if !ok {
			return v
		}
		sealed := must(genuine.SealLineKey(ledgertest.ChainID, to.Card.device(), k))(t)
		x.Items = []api.LineKey{{Device: to.Card.Device, Epoch: k.Epoch, Sealed: sealed}}
		if record != nil {
			record(&x.Line)
		}
		return x
	}
}

func (w *town) keyCopy(t testing.TB, d *Device, epoch uint64) genuine.LineKey {
	return *w.judgment(t, d, epoch)
}

// Attack: somebody reads the folder without its passphrase. No judgment value, and no
// part of a private key, lies in it in clear or in the encodings that JSON has.
func TestNoJudgmentValueOnDisk(t *testing.T) {
	w := newTown(t)
	d, carrier := newDevice(t, w.DM), newDevice(t, w.DD)
	if _, err := w.change(t, d, Change{Criteria: pills(), Admit: []Card{carrier.Card}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.change(t, d, Change{Rotate: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.fetched(t, carrier, 2); err != nil {
		t.Fatal(err)
	}
	for epoch := uint64(1); epoch <= 2; epoch++ {
		j := w.judgment(t, d, epoch).J
		for _, x := range []*Device{d, carrier} {
			findNowhere(t, x.dir(), j[:])
		}
	}
}

// findNowhere looks for a secret in all files, as it is and as text of any alignment.
func findNowhere(t testing.TB, dir string, secret []byte) {
	t.Helper()
	needles := [][]byte{secret}
	hex, err := json.Marshal(secret) // standard base64
	if err != nil {
		t.Fatal(err)
	}
	needles = append(needles, hex[1:17], []byte(canon.Text(secret))[:16])
	for shift := 1; shift < 3; shift++ {
		needles = append(needles, []byte(canon.Text(secret[shift:]))[:12])
	}
	files := 0
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(name)
		for _, n := range needles {
			if bytes.Contains(raw, n) {
				t.Errorf("%s holds the judgment value", name)
			}
		}
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files: %v", files, err)
	}
}

// Attack: who can write the folder puts another key there, or files of another device.
func TestSwappedFiles(t *testing.T) {
	w := newTown(t)
	d := newDevice(t, w.DM)
	if _, err := w.change(t, d, Change{Criteria: pills()}); err != nil {
		t.Fatal(err)
	}
	evil := genuine.LineKey{Line: w.lineID(), Epoch: 1, J: genuine.Judgment{1}, Criteria: pills()}
	l := must(loadLine(d.folder, w.lineID()))(t)
	l.Keys[0].Sealed = must(genuine.SealLineKey(l.Chain, d.Card.device(), &evil))(t)
	if err := d.saveLine(l); err != nil {
		t.Fatal(err)
	}
	_, err := d.lineKey(l.Chain, w.lineID(), 1)
	code(t, err, "bad_seal")
	_, err = w.change(t, d, Change{Rotate: true})
	code(t, err, "bad_seal")

	other := newDevice(t, w.DM)
	raw := must(os.ReadFile(filepath.Join(other.dir(), cardFile)))(t)
	if err := d.folder.write(cardFile, raw); err != nil {
		t.Fatal(err)
	}
	d.leave()
	_, err = Open(d.dir(), "")
	code(t, err, "bad_card")
	must(d.folder.lock())(t)
}

// One process at a time works with a folder; looking is free.
func TestFolderIsLocked(t *testing.T) {
	w := newTown(t)
	d := newDevice(t, w.DM)
	_, err := Open(d.dir(), "")
	code(t, err, "device_in_use")
	_, err = New(d.dir(), w.DM.GLN, "")
	code(t, err, "device_in_use")
	if _, _, err := Inspect(d.dir()); err != nil {
		t.Error(err)
	}
}
