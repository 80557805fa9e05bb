package device

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/refusal"
)

var (
	// errChange is returned for what cannot become of a product line.
	errChange = refusal.New("bad_line_change", "the product line cannot become so")
	// errElsewhere is returned if the ledger has a line as this device did not leave it.
	errElsewhere = refusal.New("line_elsewhere", "the ledger has the product line otherwise than this device left it")
)

// A Change says what is to become of a maker's product line. The zero change of a line
// that is there sends its keys again.
type Change struct {
	GTIN     gs1.GTIN            `json:"gtin"`
	Criteria []genuine.Criterion `json:"criteria,omitempty"` // none: as they are
	Admit    []Card              `json:"admit,omitempty"`
	Revoke   []canon.Digest      `json:"revoke,omitempty"`
	Rotate   bool                `json:"rotate,omitempty"`
	// TakeOver begins an epoch with this device and those that are admitted now, after
	// the device that made the keys was lost.
	TakeOver bool `json:"take_over,omitempty"`
}

// A maker is what only the device has that makes a line's keys. Whom it seals keys to
// it decides by its own list: a server could add a device of its own to the ledger's.
type maker struct {
	Devices []Card    `json:"devices"`
	Tried   []attempt `json:"tried,omitempty"` // what the ledger may have, or may get
	Given   []given   `json:"given,omitempty"`
	// Since is the epoch with which this device took the line over; those before have
	// been given to the devices of Before.
	Since  uint64         `json:"since,omitempty"`
	Before []canon.Digest `json:"before,omitempty"`
}

// A given key is sealed to a device of the line. The server keeps the first that it gets
// for a device and epoch, so the same bytes go there each time.
type given struct {
	Device   canon.Digest `json:"device"`
	Epoch    uint64       `json:"epoch"`
	Criteria canon.Digest `json:"criteria"`
	Sealed   canon.Bytes  `json:"sealed"`
}

// An attempt is what a server was told, whose answer has not come.
type attempt struct {
	Asked    canon.Digest `json:"asked"` // the Change
	Epoch    uint64       `json:"epoch"`
	Criteria canon.Digest `json:"criteria"`
	Devices  []Card       `json:"devices"`
}

// maxTried is how many attempts are remembered. One that a server has held back for
// longer comes as errElsewhere.
const maxTried = 8

// ChangeLine makes or changes a product line of the device's operator, on the ledger and
// here. The judgment value of a new epoch is made here and nowhere else. What the server
// is told is on disk before; run again after a lost answer it finds what was done.
func (d *Device) ChangeLine(ctx context.Context, office *client.Client, c Change) (*api.Line, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	raw, err := canon.JSON(c)
	if err != nil {
		return nil, err
	}
	asked := canon.Sum(raw)
	l, found, err := d.settled(ctx, office, c.GTIN, asked, c.TakeOver)
	if err != nil {
		return nil, err
	}
	next := &attempt{Asked: asked, Epoch: l.Record.Epoch, Criteria: l.Record.Criteria, Devices: l.Maker.Devices}
	if !found {
		if next, err = d.plan(l, &c, asked); err != nil {
			return nil, err
		}
		l.Maker.Tried = append(l.Maker.Tried, *next)
		l.prune()
	}
	return d.tell(ctx, office, l, next)
}

// tell puts an attempt on the ledger.
func (d *Device) tell(ctx context.Context, office *client.Client, l *line, next *attempt) (*api.Line, error) {
	if err := d.give(l, next); err != nil {
		return nil, err
	}
	if err := d.saveLine(l); err != nil {
		return nil, err
	}
	var now *api.Line
	for _, u := range l.updates(next) {
		var err error
		if now, err = client.Put[api.Line](ctx, office, "/v1/lines", u); err != nil {
			return nil, err
		}
		if err := checkRecord(now, l.Record.ID); err != nil {
			return nil, err
		}
		if !next.is(now) {
			return nil, fmt.Errorf("%w: epoch %d", errElsewhere, now.Epoch)
		}
	}
	l.promote(next, now)
	return now, d.saveLine(l)
}

func (c *Change) check() error {
	if err := c.GTIN.Check(); err != nil {
		return fmt.Errorf("%w: %w", errChange, err)
	}
	if c.Criteria != nil {
		if err := genuine.CheckCriteria(c.Criteria); err != nil {
			return err
		}
	}
	for i := range c.Admit {
		if err := c.Admit[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// settled returns the operator's line as the ledger has it now, and whether that is
// what an earlier run of the same change has made it.
func (d *Device) settled(ctx context.Context, office *client.Client, gtin gs1.GTIN, asked canon.Digest, takeOver bool) (*line, bool, error) {
	home, err := d.home(ctx, office)
	if err != nil {
		return nil, false, err
	}
	id := chain.LineID(d.Card.Operator, gtin)
	l, err := loadLine(d.folder, id)
	if err != nil {
		return nil, false, err
	}
	now, err := ownLine(ctx, office, id)
	if err != nil {
		return nil, false, err
	}
	if l == nil {
		l = &line{Chain: home.Chain, Record: api.Line{ID: id, Maker: d.Card.Operator, GTIN: gtin}}
	}
	if l.Chain != home.Chain {
		return nil, false, fmt.Errorf("%w: chain %s, not %s", errElsewhere, home.Chain, l.Chain)
	}
	if l.Maker == nil && now == nil {
		l.Maker = &maker{Devices: []Card{d.Card}}
	}
	found, ok := l.settle(now)
	mine := found != nil && found.Asked == asked
	switch {
	case ok && takeOver && !mine:
		return nil, false, fmt.Errorf("%w: this device makes its keys already", errChange)
	case ok:
		return l, mine, nil
	case !takeOver || now == nil:
		return nil, false, errElsewhere
	}
	return d.takeOver(ctx, office, l, now)
}

// takeOver begins with what the ledger has of a line. Whom it admits is not believed.
func (d *Device) takeOver(ctx context.Context, office *client.Client, l *line, now *api.Line) (*line, bool, error) {
	if l.Maker == nil {
		// A device that was admitted can get the keys by which older registrations are measured.
		err := d.fetch(ctx, office, l.Chain, now.ID)
		if err != nil && refusal.Code(err) == "" {
			return nil, false, err
		}
		got, err := loadLine(d.folder, now.ID)
		if err != nil {
			return nil, false, err
		}
		if got != nil {
			l = got
		}
	}
	l.Record, l.Maker = *now, &maker{Devices: []Card{d.Card}, Since: now.Epoch + 1}
	for _, x := range now.Devices {
		l.Maker.Before = append(l.Maker.Before, kidOf(x.Point))
	}
	return l, false, nil
}

// settle compares the line with the ledger's record. It returns the attempt that has
// become the record, if one has, and whether the record is one of this device's.
func (l *line) settle(now *api.Line) (*attempt, bool) {
	if l.Maker == nil {
		return nil, false
	}
	if now == nil {
		return nil, l.Record.Epoch == 0
	}
	for _, a := range l.Maker.Tried {
		if a.is(now) {
			l.promote(&a, now)
			return &a, true
		}
	}
	same := attempt{Epoch: l.Record.Epoch, Criteria: l.Record.Criteria, Devices: l.Maker.Devices}
	return nil, same.is(now)
}

// is reports whether a record is what the attempt was to make it.
func (a *attempt) is(r *api.Line) bool {
	return a.Epoch == r.Epoch && a.Criteria == r.Criteria && slices.EqualFunc(a.Devices, r.Devices, func(c Card, d api.LineDevice) bool {
		return bytes.Equal(c.Point, d.Point) && bytes.Equal(c.Seal, d.Seal) && c.Operator == d.Operator
	})
}

func (l *line) promote(a *attempt, now *api.Line) {
	l.Record, l.Maker.Devices, l.Maker.Tried = *now, a.Devices, nil
	l.prune()
}

// prune drops attempts that are too old, and keys that neither the record nor an
// attempt has.
func (l *line) prune() {
	if m := l.Maker; len(m.Tried) > maxTried {
		m.Tried = m.Tried[len(m.Tried)-maxTried:]
	}
	unused := func(epoch uint64, criteria canon.Digest) bool {
		used := epoch < l.Record.Epoch || epoch == l.Record.Epoch && criteria == l.Record.Criteria
		return !used && !slices.ContainsFunc(l.Maker.Tried, func(a attempt) bool { return a.Epoch == epoch && a.Criteria == criteria })
	}
	l.Keys = slices.DeleteFunc(l.Keys, func(h held) bool { return unused(h.Epoch, h.Criteria) })
	l.Maker.Given = slices.DeleteFunc(l.Maker.Given, func(g given) bool { return unused(g.Epoch, g.Criteria) })
}

// plan returns what the line is to become, with a key of a new epoch if it needs one: a
// device that is left out knows the judgment value.
func (d *Device) plan(l *line, c *Change, asked canon.Digest) (*attempt, error) {
	next := &attempt{Asked: asked, Epoch: l.Record.Epoch, Criteria: l.Record.Criteria}
	devices, revoked, err := d.admitted(l.Maker.Devices, c)
	if err != nil {
		return nil, err
	}
	next.Devices = devices
	if l.Record.Epoch > 0 && !revoked && !c.Rotate && !c.TakeOver && c.Criteria == nil {
		return next, nil
	}
	criteria := c.Criteria
	if criteria == nil {
		if criteria, err = d.criteria(l); err != nil {
			return nil, err
		}
	}
	next.Epoch++
	k := genuine.LineKey{Line: l.Record.ID, Epoch: next.Epoch, Criteria: criteria}
	rand.Read(k.J[:])
	rand.Read(k.Salt[:])
	defer clear(k.J[:])
	if next.Criteria, err = k.Digest(); err != nil {
		return nil, err
	}
	return next, d.hold(l, &k)
}

// admitted returns the devices of the line after a change, rising by point, and whether
// one of before is not among them.
func (d *Device) admitted(before []Card, c *Change) (devices []Card, revoked bool, err error) {
	devices = slices.Clone(before)
	for _, kid := range c.Revoke {
		i := slices.IndexFunc(devices, func(x Card) bool { return x.Device == kid })
		switch {
		case kid == d.Card.Device:
			return nil, false, fmt.Errorf("%w: the device that makes its keys is revoked by another that takes it over", errChange)
		case i < 0:
			return nil, false, fmt.Errorf("%w: it has no device %s", errChange, kid)
		}
		devices, revoked = slices.Delete(devices, i, i+1), true
	}
	for _, card := range c.Admit {
		i := slices.IndexFunc(devices, func(x Card) bool { return x.Device == card.Device })
		switch {
		case i < 0:
			devices = append(devices, card)
		case !bytes.Equal(devices[i].Seal, card.Seal):
			// Its keys were sealed to the other one, and a device never changes it.
			return nil, false, fmt.Errorf("%w: device %s had another seal key", errChange, card.Device)
		default:
			devices[i] = card
		}
	}
	slices.SortFunc(devices, func(a, b Card) int { return bytes.Compare(a.Point, b.Point) })
	return devices, revoked, nil
}

// criteria returns those that the line has now.
func (d *Device) criteria(l *line) ([]genuine.Criterion, error) {
	h := l.find(l.Record.Epoch)
	if l.Record.Epoch == 0 || h == nil {
		return nil, fmt.Errorf("%w: it has no criteria yet", errChange)
	}
	k, err := d.openKey(l, h)
	if err != nil {
		return nil, err
	}
	clear(k.J[:])
	return k.Criteria, nil
}

// give seals the line's keys to its devices: of this epoch, and of those before, by which
// older registrations are measured.
func (d *Device) give(l *line, a *attempt) error {
	for i := range l.Keys {
		h := &l.Keys[i]
		if !a.uses(h.Epoch, h.Criteria) {
			continue
		}
		k, err := d.openKey(l, h)
		if err != nil {
			return err
		}
		err = l.Maker.give(l.Chain, a.Devices, k, h)
		clear(k.J[:])
		if err != nil {
			return err
		}
	}
	return nil
}

// uses reports whether a key is one of the line as it is to become.
func (a *attempt) uses(epoch uint64, criteria canon.Digest) bool {
	return epoch < a.Epoch || epoch == a.Epoch && criteria == a.Criteria
}

func (m *maker) give(chainID string, devices []Card, k *genuine.LineKey, h *held) error {
	for i := range devices {
		c := &devices[i]
		has := slices.ContainsFunc(m.Given, func(g given) bool {
			return g.Device == c.Device && g.Epoch == h.Epoch && g.Criteria == h.Criteria
		})
		if has || h.Epoch < m.Since && slices.Contains(m.Before, c.Device) {
			continue
		}
		sealed, err := genuine.SealLineKey(chainID, c.device(), k)
		if err != nil {
			return err
		}
		m.Given = append(m.Given, given{Device: c.Device, Epoch: h.Epoch, Criteria: h.Criteria, Sealed: sealed})
	}
	return nil
}

// maxUpdate is how many bytes of older keys are sent at a time: a server takes a
// megabyte, of which the keys of the epoch and the record may fill three quarters.
const maxUpdate = 256 << 10

// updates returns what the server is told, in this order: the record with all keys of
// its epoch, then older keys with the same record.
func (l *line) updates(a *attempt) []*api.LineUpdate {
	u := api.LineUpdate{GTIN: l.Record.GTIN, Criteria: a.Criteria, Epoch: a.Epoch, Keys: []api.LineKey{}}
	in := map[canon.Digest]bool{}
	for _, c := range a.Devices {
		u.Devices = append(u.Devices, api.LineDevice{Point: c.Point, Seal: c.Seal, Operator: c.Operator})
		in[c.Device] = true
	}
	first, out, size := u, []*api.LineUpdate{}, maxUpdate
	for _, g := range l.Maker.Given {
		k := api.LineKey{Device: g.Device, Epoch: g.Epoch, Sealed: g.Sealed}
		switch {
		case !in[g.Device] || !a.uses(g.Epoch, g.Criteria):
		case g.Epoch == a.Epoch:
			first.Keys = append(first.Keys, k)
		default:
			if size += 2 * len(g.Sealed); size > maxUpdate {
				next := u
				out, size = append(out, &next), 2*len(g.Sealed)
			}
			last := out[len(out)-1]
			last.Keys = append(last.Keys, k)
		}
	}
	return append([]*api.LineUpdate{&first}, out...)
}
