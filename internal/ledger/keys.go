package ledger

import (
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
)

// Holder returns whose key this is, as the state behind g says, with the member
// it belongs to; envelope.ErrUnknownKey if nobody's.
func Holder(g getter, kid canon.Digest) (envelope.Holder, *chain.Member, error) {
	gln, err := g.Get(chain.KeyKey(kid))
	if err != nil {
		return envelope.Holder{}, nil, err
	}
	if gln == nil {
		return envelope.Holder{}, nil, envelope.ErrUnknownKey
	}
	m, err := member(g, string(gln))
	if err != nil {
		return envelope.Holder{}, nil, err
	}
	h, err := HolderOf(m, kid)
	return h, m, err
}

// HolderOf returns the key of this identifier among a member's; envelope.ErrUnknownKey
// if it has none such.
func HolderOf(m *chain.Member, kid canon.Digest) (envelope.Holder, error) {
	for _, k := range m.Keys {
		key, err := envelope.ParseKey(k.Point)
		if err != nil {
			return envelope.Holder{}, fmt.Errorf("ledger: key of %s: %w", m.GLN, err)
		}
		if key.ID() == kid {
			return envelope.Holder{
				Key: key, Member: m.GLN,
				From: chain.Time(k.From), Until: chain.Time(k.Until), Revoked: chain.Time(k.Revoked),
			}, nil
		}
	}
	return envelope.Holder{}, envelope.ErrUnknownKey
}

func (t *tx) holder(kid canon.Digest) (envelope.Holder, *chain.Member, error) {
	h, m, err := Holder(t, kid)
	h.Key = h.Key.Trusting(t.ledger.Known)
	return h, m, err
}

func member(g getter, gln string) (*chain.Member, error) {
	var m chain.Member
	ok, err := read(g, chain.MemberKey(gln), &m)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrMember, gln)
	}
	return &m, nil
}
