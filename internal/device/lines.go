package device

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/refusal"
)

// errLineKey is returned for a product line, or an epoch of one, that the device has no
// key of.
var errLineKey = refusal.New("instrument_no_key", "the device has no key of this product line and epoch")

const (
	linesFolder = "lines"
	fileSuffix  = ".json"
)

// A line is what a device's folder holds of a product line.
type line struct {
	Chain  string   `json:"chain"`
	Record api.Line `json:"record"` // as the ledger had it when the device last looked
	Keys   []held   `json:"keys"`   // rising by epoch
	Maker  *maker   `json:"maker,omitempty"`
}

// A held key is sealed to the device itself. Criteria is the digest that the ledger had,
// or was to have, when the key came: it covers a salt that only devices of the line
// know, so nobody else has put the key there.
type held struct {
	Epoch    uint64       `json:"epoch"`
	Criteria canon.Digest `json:"criteria"`
	Sealed   canon.Bytes  `json:"sealed"`
}

func lineFile(id canon.Digest) string { return linesFolder + "/" + id.String() + fileSuffix }

// loadLine returns nil for a line that the device has nothing of.
func loadLine(f *folder, id canon.Digest) (*line, error) {
	var l line
	err := decode(f, lineFile(id), &l)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && l.Record.ID != id {
		err = fmt.Errorf("%s is of line %s", lineFile(id), l.Record.ID)
	}
	return &l, err
}

func (d *Device) saveLine(l *line) error {
	if err := d.folder.subfolder(linesFolder); err != nil {
		return err
	}
	return encode(d.folder, lineFile(l.Record.ID), l)
}

// hold seals a key to the device itself.
func (d *Device) hold(l *line, k *genuine.LineKey) error {
	digest, err := k.Digest()
	if err != nil {
		return err
	}
	sealed, err := genuine.SealLineKey(l.Chain, d.Card.device(), k)
	if err != nil {
		return err
	}
	l.keep(held{Epoch: k.Epoch, Criteria: digest, Sealed: sealed})
	return nil
}

func (l *line) keep(h held) {
	l.Keys = append(l.Keys, h)
	slices.SortStableFunc(l.Keys, func(a, b held) int {
		return min(max(int(int64(a.Epoch)-int64(b.Epoch)), -1), 1)
	})
}

// find returns the key of an epoch; of the record's own, that of its criteria.
func (l *line) find(epoch uint64) *held {
	for i := range l.Keys {
		h := &l.Keys[i]
		if h.Epoch == epoch && (epoch != l.Record.Epoch || h.Criteria == l.Record.Criteria) {
			return h
		}
	}
	return nil
}

// openKey opens a held key. The caller forgets it soon.
func (d *Device) openKey(l *line, h *held) (*genuine.LineKey, error) {
	then := &chain.Line{Maker: l.Record.Maker, Put: chain.PutLine{GTIN: l.Record.GTIN, Epoch: h.Epoch, Criteria: h.Criteria}}
	k, err := genuine.OpenLineKey(l.Chain, d.Card.device(), d.seal, then, h.Sealed)
	if err == nil && k.Epoch != h.Epoch {
		err = fmt.Errorf("%w: of epoch %d, not %d", genuine.ErrSealed, k.Epoch, h.Epoch)
	}
	return k, err
}

// lineKey returns the key of a line and epoch, or errLineKey.
func (d *Device) lineKey(chainID string, id canon.Digest, epoch uint64) (*genuine.LineKey, error) {
	l, err := loadLine(d.folder, id)
	if err != nil {
		return nil, err
	}
	if l == nil || l.Chain != chainID {
		return nil, fmt.Errorf("%w: line %s", errLineKey, id)
	}
	h := l.find(epoch)
	if h == nil {
		return nil, fmt.Errorf("%w: line %s, epoch %d", errLineKey, id, epoch)
	}
	return d.openKey(l, h)
}

// admits reports whether the record has the device as its card has it.
func admits(r *api.Line, c *Card) bool {
	return slices.ContainsFunc(r.Devices, func(d api.LineDevice) bool {
		return bytes.Equal(d.Point, c.Point) && bytes.Equal(d.Seal, c.Seal)
	})
}

// recordOf returns the ledger's form of a record, in which it is verified.
func recordOf(r *api.Line) *chain.Line {
	l := &chain.Line{Maker: r.Maker, At: r.At, Put: chain.PutLine{GTIN: r.GTIN, Criteria: r.Criteria, Epoch: r.Epoch}}
	for _, d := range r.Devices {
		l.Put.Devices = append(l.Put.Devices, chain.Device{Point: d.Point, Seal: d.Seal, Operator: d.Operator})
	}
	return l
}

// checkRecord returns an error unless a record is of the line that was asked for. Whom
// it admits is the ledger's word, which the server gave.
func checkRecord(r *api.Line, id canon.Digest) error {
	if r.ID != id || chain.LineID(r.Maker, r.GTIN) != id {
		return fmt.Errorf("%w: the server answered with another line", errLineKey)
	}
	return nil
}

// A Line is what may be shown of a product line that a device has keys of.
type Line struct {
	Chain    string   `json:"chain"`
	Record   api.Line `json:"record"`
	Epochs   []uint64 `json:"epochs" doc:"That it has keys of"`
	Admitted bool     `json:"admitted"`
	Made     bool     `json:"made" doc:"This device makes the line's keys"`
}

// Inspect returns a device's card and lines, without opening a key.
func Inspect(dir string) (*Card, []Line, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, nil, err
	}
	defer f.close()
	card, err := readCard(f)
	if err != nil {
		return nil, nil, err
	}
	ids, err := lineIDs(f)
	if err != nil {
		return nil, nil, err
	}
	out := []Line{}
	for _, id := range ids {
		l, err := loadLine(f, id)
		if err != nil {
			return nil, nil, err
		}
		shown := Line{Chain: l.Chain, Record: l.Record, Epochs: []uint64{}, Admitted: admits(&l.Record, card), Made: l.Maker != nil}
		for _, h := range l.Keys {
			if l.find(h.Epoch) != nil && !slices.Contains(shown.Epochs, h.Epoch) {
				shown.Epochs = append(shown.Epochs, h.Epoch)
			}
		}
		out = append(out, shown)
	}
	return card, out, nil
}

// lineIDs returns the lines that a folder holds.
func lineIDs(f *folder) ([]canon.Digest, error) {
	entries, err := fs.ReadDir(f.root.FS(), linesFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []canon.Digest
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), fileSuffix); ok {
			if id, err := canon.ParseDigest(name); err == nil {
				out = append(out, id)
			}
		}
	}
	return out, nil
}

// kidOf returns a device's identifier, or the zero digest for a point that is none.
func kidOf(point []byte) canon.Digest {
	key, err := envelope.ParseKey(point)
	if err != nil {
		return canon.Digest{}
	}
	return key.ID()
}
