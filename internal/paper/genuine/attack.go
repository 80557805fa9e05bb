package genuine

import "iter"

// Shift returns the U2 with which an honest device makes Key1 out of a counterfeit:
// J_bad ⊕ (U ⊕ J_ok ⊕ J_bad) = J_ok ⊕ U. Of J it takes the difference of the two
// values alone, which is the same for every device, product and transaction.
func Shift(u Value, j Judgment) Value { return xor(u, xor(j.OK, j.Bad)) }

// Guess looks for the transaction information behind a public entry, by J_ok from one
// opened device. It returns what fits and the number of candidates tried.
func Guess(e Entry, ok Value, candidates iter.Seq[Info]) (found Info, tried int, err error) {
	for u := range candidates {
		tried++
		if DigestOf(KeyOf(ok, u.Value())) == e.V {
			return u, tried, nil
		}
	}
	return Info{}, tried, ErrMismatch
}
