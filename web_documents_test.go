package theriac_test

import (
	"bytes"
	"slices"

	"theriac"
	"theriac/canon"
	"theriac/chain"
)

// changeDocument changes the transformation or the captured document, and has the
// ledger say that it is the one.
func (m *mutator) changeDocument(p *specimen, q *question) {
	if m.IntN(2) == 0 {
		var captured []*specimen
		for i := range m.good {
			if s := &m.good[i]; s.bundle.Document != nil && s.bundle.Transformation == nil {
				captured = append(captured, s)
			}
		}
		p = pick(m, captured)
		q.Trust, q.Now = p.trust, p.now.UnixMilli()
	}
	b := m.copied(p)
	i := slices.IndexFunc(b.State, func(r theriac.Record) bool { return bytes.HasPrefix(r.Key, []byte("batch/")) && r.Value != nil })
	var batch chain.Batch
	if i < 0 || canon.DecodeCBOR(b.State[i].Value, &batch) != nil {
		return
	}
	if batch.Release.Certificate != "" {
		b.Transformation = m.document(b.Transformation)
		batch.Release.Transformation = canon.Sum(b.Transformation)
	} else {
		b.Document = m.document(b.Document)
		old := chain.EvidenceKey(batch.Release.Evidence, batch.Holder)
		batch.Release.Evidence = canon.Sum(b.Document)
		for j := range b.State {
			if bytes.Equal(b.State[j].Key, old) {
				b.State[j].Key = chain.EvidenceKey(batch.Release.Evidence, batch.Holder)
			}
		}
	}
	raw, err := canon.CBOR(batch)
	if err != nil {
		m.t.Fatal(err)
	}
	b.State[i].Value = raw
	slices.SortFunc(b.State, func(x, y theriac.Record) int { return bytes.Compare(x.Key, y.Key) })
	p.scene.reseal(b)
	q.Bundle = encode(m.t, b)
}

func (m *mutator) document(raw []byte) []byte {
	if len(raw) == 0 {
		return raw
	}
	switch m.IntN(4) {
	case 0:
		return altered(raw, m.IntN(len(raw)))
	case 1:
		return m.respell(raw)
	}
	return m.member(raw)
}
