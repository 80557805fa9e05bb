package supply

import (
	"math"
	"slices"

	"theriac/canon"
	"theriac/chain"
)

// maxAlerts is how many alerts about one pack its evidence brings, the newest: who
// tries the same copy a thousand times must not make the evidence large.
const maxAlerts = 16

// alerts takes the alerts about the pack, with who raised them.
func (a *assembly) alerts(size uint64) error {
	var found []uint64
	for _, tag := range chain.AlertTags(a.shown.Batch, a.shown.Pack.Index, size) {
		some, err := a.view.TaggedBefore(tag, math.MaxUint64, maxAlerts)
		if err != nil {
			return err
		}
		found = append(found, some...)
	}
	slices.Sort(found)
	for _, index := range found[max(0, len(found)-maxAlerts):] {
		if err := a.alert(index); err != nil {
			return err
		}
	}
	return nil
}

// alert takes the alert that a leaf raised. An index can name a leaf that raised
// none about this pack; then the evidence would be refused with it.
func (a *assembly) alert(index uint64) error {
	leaf, _, err := a.view.Leaf(index)
	if err != nil {
		return err
	}
	key := chain.AlertKey(chain.AlertID(leaf.Operation))
	raw, _, err := a.view.Record(key)
	if err != nil || raw == nil {
		return err
	}
	var alert chain.Alert
	if err := canon.DecodeCBOR(raw, &alert); err != nil {
		return err
	}
	if alert.Concerns(a.shown.Batch, a.shown.Pack.Index) {
		a.need(key)
		a.need(chain.MemberKey(alert.By))
	}
	return nil
}
