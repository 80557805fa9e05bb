package ledger

import (
	"bytes"
	"fmt"
	"slices"

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

// A known is a key that a transaction of the block was signed with. It counts
// while the record of its member is the one that it was read from.
type known struct {
	record []byte
	holder envelope.Holder
	member chain.Member
}

func (t *tx) holder(kid canon.Digest) (envelope.Holder, *chain.Member, error) {
	gln, err := t.Get(chain.KeyKey(kid))
	if err != nil {
		return envelope.Holder{}, nil, err
	}
	record, err := t.Get(chain.MemberKey(string(gln)))
	if err != nil {
		return envelope.Holder{}, nil, err
	}
	if k, ok := t.holders[kid]; ok && bytes.Equal(k.record, record) {
		return k.holder, &k.member, nil
	}
	h, m, err := Holder(t, kid)
	if err != nil {
		return h, m, err
	}
	h.Key = h.Key.Trusting(t.ledger.Known)
	// A contract may change its member; what is appended must not be shared.
	m.Keys = slices.Clip(m.Keys)
	t.holders[kid] = known{record, h, *m}
	return h, m, nil
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

// MaxKeys is the largest number of keys that a member may ever have had. They
// stay, because they signed evidence, and each use of a key goes through them.
const MaxKeys = 64

// addKey registers a further key of a member.
func (t *tx) addKey(m *chain.Member, k chain.MemberKeys) error {
	if len(m.Keys) >= MaxKeys {
		return ErrKeys
	}
	m.Keys = append(m.Keys, k)
	return t.putMember(m)
}

// rotateKey registers a further key of the sender, which must sign for itself.
func (t *tx) rotateKey() error {
	var r chain.RotateKey
	if err := t.body(&r); err != nil {
		return err
	}
	key, err := envelope.ParseKey(r.Point)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPossession, err)
	}
	if err := key.VerifyDigest(chain.Possession(t.ledger.Chain, t.Sender, r.Point), r.Proof); err != nil {
		return fmt.Errorf("%w: %w", ErrPossession, err)
	}
	if r.Until != 0 && r.Until <= t.now {
		return envelope.ErrKeyInvalid
	}
	if err := t.takeKey(key, t.Sender); err != nil {
		return err
	}
	return t.addKey(t.sender, chain.MemberKeys{Point: r.Point, From: t.now, Until: r.Until})
}

// revokeKey ends a key of the sender.
func (t *tx) revokeKey() error {
	var r chain.RevokeKey
	if err := t.body(&r); err != nil {
		return err
	}
	return t.revoke(r.Key, t.Sender)
}

// revoke ends a key with the block, which nobody can date back. All of a block
// happens at its time, so the key still counts at that time: a revocation in the
// block that anchored a message must not take its signature away. An owner, if
// given, must have it.
func (t *tx) revoke(kid canon.Digest, owner string) error {
	h, m, err := Holder(t, kid)
	if err != nil {
		return err
	}
	if owner != "" && owner != m.GLN {
		return envelope.ErrKeyID
	}
	if !h.Revoked.IsZero() {
		return ErrStatus
	}
	for i := range m.Keys {
		if bytes.Equal(m.Keys[i].Point, h.Key.Point()) {
			m.Keys[i].Revoked = t.now + 1
		}
	}
	if err := t.leavesGovernor(m); err != nil {
		return err
	}
	return t.putMember(m)
}

// leavesGovernor returns ErrLastGovernor if the member is the only governor and
// has no key left: then nobody could ever give it another.
func (t *tx) leavesGovernor(m *chain.Member) error {
	var governors chain.Governors
	if _, err := read(t, chain.GovernorsKey(), &governors); err != nil {
		return err
	}
	usable := func(k chain.MemberKeys) bool { return k.Revoked == 0 && (k.Until == 0 || k.Until > t.now) }
	if len(governors) == 1 && governors[0] == m.GLN && !slices.ContainsFunc(m.Keys, usable) {
		return ErrLastGovernor
	}
	return nil
}
