package device

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/client"
	"theriac/genuine"
)

// fetch gets a line's keys from its maker's server and keeps those that are this
// device's.
//
// A seal says to whom, never from whom. What makes a key the line's is that it opens to
// the criteria of the ledger's record: their digest covers a salt that was sealed with
// the judgment value from the first epoch on. A server that gives both, record and key,
// of its own making gets measurements that prove nothing, because no mark on the ledger
// is of its judgment value.
func (d *Device) fetch(ctx context.Context, maker *client.Client, chainID string, id canon.Digest) error {
	got, err := lineKeys(ctx, maker, id, d.Card.Device)
	if err != nil {
		return err
	}
	if !admits(&got.Line, &d.Card) {
		return fmt.Errorf("%w: it was not admitted to line %s, or was revoked", genuine.ErrDevice, id)
	}
	d.lines.Lock()
	defer d.lines.Unlock()
	l, err := loadLine(d.folder, id)
	if err != nil {
		return err
	}
	if l == nil || l.Chain != chainID {
		l = &line{Chain: chainID}
	}
	switch {
	case l.Maker != nil:
		return nil // it made them
	case got.Line.Epoch < l.Record.Epoch:
		return fmt.Errorf("%w: the server has epoch %d, this device has seen %d", errLineKey, got.Line.Epoch, l.Record.Epoch)
	}
	l.Record = got.Line
	var broken error
	for _, item := range got.Items {
		k, err := genuine.OpenLineKey(chainID, d.Card.device(), d.seal, recordOf(&got.Line), item.Sealed)
		if err == nil {
			err = d.adopt(l, k, item.Sealed)
		}
		broken = errors.Join(broken, err)
	}
	if l.find(l.Record.Epoch) == nil {
		return errors.Join(fmt.Errorf("%w: none of epoch %d opens", errLineKey, l.Record.Epoch), broken)
	}
	// What an earlier answer had for this epoch, and the ledger has not.
	l.Keys = slices.DeleteFunc(l.Keys, func(h held) bool { return h.Epoch == l.Record.Epoch && h.Criteria != l.Record.Criteria })
	return d.saveLine(l)
}

// adopt holds a key that came. One of an older epoch that is there was checked when its
// epoch was the record's, and stays.
func (d *Device) adopt(l *line, k *genuine.LineKey, sealed []byte) error {
	defer clear(k.J[:])
	if l.find(k.Epoch) != nil {
		return nil
	}
	digest, err := k.Digest()
	if err == nil {
		l.keep(held{Epoch: k.Epoch, Criteria: digest, Sealed: sealed})
	}
	return err
}

// known asks the makers' servers for the key of a line and epoch.
func (d *Device) known(ctx context.Context, makers []*client.Client, u *genuine.Transaction) error {
	why := fmt.Errorf("%w: line %s, epoch %d", errLineKey, u.Line, u.Epoch)
	for _, m := range makers {
		err := d.fetch(ctx, m, u.Chain, u.Line)
		if err == nil {
			k, err := d.lineKey(u.Chain, u.Line, u.Epoch)
			if err == nil {
				clear(k.J[:])
			}
			return err
		}
		why = errors.Join(why, err)
	}
	return why
}

// refresh gets the keys of the lines that the device knows again: a record may have
// changed, and what was kept of an answer that was none is replaced. A server that does
// not answer now will be asked when a key is missing.
func (d *Device) refresh(ctx context.Context, makers []*client.Client) error {
	ids, err := lineIDs(d.folder)
	if err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	for _, id := range ids {
		l, err := loadLine(d.folder, id)
		if err != nil {
			return err
		}
		for _, m := range makers {
			if d.fetch(soon, m, l.Chain, id) == nil {
				break
			}
		}
	}
	return ctx.Err()
}
