package api

import (
	"theriac/canon"
	"theriac/pedigree"
)

// A Report is where a report stands that somebody handed in. Nobody need believe
// the server for it: /v1/cases shows under the digest what each receiver anchored.
type Report struct {
	ID        canon.ID         `json:"id" doc:"Names the report for who handed it in; it stands nowhere on the ledger"`
	Digest    canon.Digest     `json:"digest" doc:"SHA-256 of the report's characters: the case under which receivers anchor it"`
	Created   string           `json:"created"`
	Status    string           `json:"status" enum:"under_way,received,refused" doc:"Of all receivers: received when each has anchored it or refused it and one has anchored it"`
	SentTo    []string         `json:"sent_to" doc:"GLN of the receivers"`
	Receivers []ReportReceiver `json:"receivers"`
}

// A ReportReceiver is one who is told, with the leaf by which it cannot deny it.
type ReportReceiver struct {
	GLN    string `json:"gln"`
	Name   string `json:"name"`
	Status string `json:"status" enum:"waiting,received,refused"`
	Leaf   uint64 `json:"leaf,omitempty" doc:"Leaf of the log, when received"`
	Height int64  `json:"height,omitempty"`
	Time   int64  `json:"time,omitempty"`
}

// A ReportContent is the content of a message of type report/1, read.
type ReportContent struct {
	Report   string                `json:"report" doc:"The signed report, a compact JWS"`
	Reporter canon.Digest          `json:"reporter" doc:"Thumbprint of the reporter's key: the same for reports of one reporter"`
	Claims   pedigree.ReportClaims `json:"claims"`
}
