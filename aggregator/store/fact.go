package store

import (
	"slices"

	"iptvdc/aggregator"
)

// A fact is a table derived from events, once by hour and once by day, with
// the same columns, or from the provinces' files, by day alone. Its rows are unique in (period, dimensions); its measures
// add up. What each column counts is defined here and nowhere else; engines
// compute it in SQL, the reference in Go, storetest holds both to this text.
//
// Measures named edited_ stand beside those of the same name (edited_ms beside
// viewing_ms) and count the same after the EditRules; they are never greater. A row
// exists by its raw measures.
//
// Times: every event but a View counts in the hour of its AtMs. A View lies
// from AtMs-DurationMs to AtMs; its play counts in the hour in which it starts,
// its time is split at the hours' edges. Every row with a clock of any quality
// counts.
type Fact uint8

const (
	// FactBox: province, city, box. power_ons = Powers with On; page_views;
	// clicks; plays, viewing_ms as in FactView; events = all rows of all kinds (a
	// View counts in the hour of its AtMs). A row exists if any is > 0.
	FactBox Fact = iota
	// FactPage: province, city, page. page_views.
	FactPage
	// FactClick: province, city, page, area, slot, content. clicks; led =
	// clicks followed by a play: a valid play of the same box (see FactView),
	// starting at most LedMs after the click, not before it, and before the
	// box's next click (next by AtMs, any page; one in the same millisecond
	// comes first and leaves this one unled), of the click's content, of the
	// channel that it names, or of some content and with the click's trace: an
	// episode of the series that was clicked. Clicks without content are never
	// led. Play and next click count only if they carry the click's province:
	// so a cell depends on rows of its own province alone.
	FactClick
	// FactMode: province, city, mode, box. plays, viewing_ms.
	FactMode
	// FactView: province, city, mode, channel, content. plays = Views with
	// Part 0, |Speed| < 300 and DurationMs > 3000 (valid plays, after the draft
	// on audio-visual ratings of the NRTA, 2024); viewing_ms = overlap of the
	// Views with Speed 100 with the hour, whatever their Part.
	FactView
	// FactOrder: province, city, product, provider. order_attempts = Orders
	// with Result paid, failed or cancelled; orders = those paid; fen = sum of
	// Fen of paid ones minus that of refunded ones; buyers are not a measure
	// that adds up, see Query.
	FactOrder
	// FactImpression: province, city, page, area, slot, content, template.
	// impressions = Impressions with Sight rendered; focuses = those with Sight
	// focus. Often only a share of the boxes tells Impressions, so clicks over
	// impressions (CTR) may count clicks of those boxes alone: rendered_clicks =
	// Clicks of boxes that told an Impression with Sight rendered in the same
	// hour and province, of whatever slot; focus_clicks = the same with Sight
	// focus. A row exists if any is > 0.
	FactImpression
	// FactOrderPage: province, city, page, product, content. order_pages.
	FactOrderPage
	// FactPlayback: province, city, mode, channel, content. measured =
	// Playbacks; started = those with StartMs > 0, start_ms = sum of their
	// StartMs; stalled = those with Stalls > 0; stalls, stall_ms and errors =
	// sums of Stalls, StallMs and Errors; failed = those with Errors > 0.
	FactPlayback
	// FactTrust: province, city. How true the other facts are. kept = all rows of
	// all kinds, as events in FactBox; synced = those of them with Clock ntp or
	// server, unsynced = those with Clock unknown; all others rest on the box's
	// own clock or on the arrival, or were loaded before their boot's first sync
	// and lie within a second of what it told. gaps = sum of the Tallies' Lost,
	// told_lost = sum of the Count of OutboxLost Notices, thrown = that of Dropped
	// ones with Reason rate_limit, read_only or memory (what was sampled or hushed
	// nobody wants, what was invalid was no event); of one row at most LostMost.
	// repeats = sum of the Tallies' Repeated. A row exists if any is > 0.
	FactTrust
	// FactOn: province, city, box. on_ms = the time of the hour in which the box
	// is on: at a moment it is if its next word, at most OnReachMs later, is any
	// but that it was switched on. Its words are its Powers, PageViews, Clicks,
	// Views and Orders under the row's province, by AtMs, each after its own
	// moment; of words in one millisecond a power-off counts first, then a
	// power-on. city is that of the next word (of several in one millisecond
	// that count, the greatest). So between a power-on, or the moment OnReachMs
	// before the next word, and a power-off a box is on; whose power-off nobody
	// told was on until its last word; and a cell depends on the words of its
	// hour and OnReachMs after it. wakes = Powers with On and Cause wake.
	// A row exists if either is > 0.
	FactOn
	// FactReach: province, city, mode, channel, content, box. reach_5, reach_60,
	// reach_180, reach_900 = 1 if at some moment of the hour, its beginning apart
	// and its end included, a run had lasted that many seconds. A run is a longest
	// stretch without a gap of Views with Speed 100 of one province, city, box,
	// mode, channel and content: parts of one play are one run, whatever hours they
	// lie in. A row exists if reach_5 is 1.
	FactReach
	// FactMinute: province, mode, channel, minute. viewing_ms = overlap of the
	// Views with Speed 100 with the minute; minute counts from 0 in the civil day.
	FactMinute
	// FactBroadcast: province, city, mode, channel, broadcast, aired, lag, box: who
	// watched which Broadcast, in the hour in which they did. A run (see FactReach)
	// in mode live is of the broadcasts of its channel, of each the part within its
	// time. A run in mode catchup or timeshift is of the broadcast that its content
	// names (see Recording), however long it is, in hours not before the one in
	// which the broadcast began and with a lag of at most MaxLag. viewing_ms = what
	// of these parts lies in the hour; audience = 1,000,000,000 × viewing_ms ÷ the
	// length of the broadcast, rounded, halves up, in each hour's row: billionths of
	// an average audience. reach_* as in FactReach, of these parts. aired = the Hour
	// in which the broadcast began; lag = 0 live, else TV days from that hour to the
	// present one; channel = the broadcast's. A row exists if viewing_ms is > 0.
	FactBroadcast
	// FactAir: province, city, channel, broadcast, aired, airing: what else went on
	// while a Broadcast was on the air. tv_ms = overlap of the Views with Speed 100,
	// of every mode, with the broadcast's time, in the hour; of cities that have
	// any. In the row with city 0 of the hour in which the broadcast began airings =
	// 1 and air_ms = its length; airing names channel and beginning, so that one
	// broadcast in several provinces is one: see Shape.Counted.
	FactAir
	// FactVisit: province, city, page, box. visits = PageViews. A visit ends with
	// the box's next word under the row's province: a PageView, a Power, or the
	// start of a View with Part 0 (a Click says that somebody is there; one that
	// leaves the page is followed by what it leads to). The next word is the first
	// after the PageView by time; of words in one millisecond the PageViews come
	// last, by Page, then by City, and before these the Powers with On. How long a
	// visit was is known if its next word comes at most VisitMs later and is not
	// that the box was switched on. Of those that are known, bounces = the ones
	// shorter than BounceMs, stays = the others, dwell_ms = how long the stays were.
	FactVisit
	// FactPath: province, city, from_page, page. steps = PageViews; from_page is
	// the page before it as the page itself told, 0: none.
	FactPath
	// FactSeen: province, account: FactBox by the account that the events name;
	// those that name none count for nobody. power_ons and events as there,
	// measured and failed as in FactPlayback. A row exists if any is > 0.
	FactSeen
	// FactInvalid: province, city, why, box. dropped = all rows of all kinds, as
	// events in FactBox, of boxes that are invalid on the row's day (see EditRules);
	// why is an Invalid, the least that holds.
	FactInvalid
	// FactJourney: province, city, origin, page: ways to something to watch. A box's
	// words, under the row's province, are here its Powers, Clicks, PageViews, and the
	// start and the end of each View with |Speed| < 300 and DurationMs > 3000, whatever
	// its Part; of words in one millisecond an end comes first, then a power-off, a
	// power-on, a wake, the Clicks, the PageViews, the start of a later part and that
	// of a valid play, of one sort by City. A journey begins with a power-on (origin
	// OriginPowerOn, with Cause wake OriginStandby), or with an end (OriginViewing) of
	// which the next word is a Click or a PageView: who zaps or lets the next episode
	// come is on no journey. Of words of one sort, city and millisecond only one begins
	// one. It lasts until the first word that is neither Click nor PageView, at most
	// JourneyMs. journeys = journeys that begin in the hour; found = those that such a
	// start ends, found_ms, found_pages and found_clicks = how long these took and the
	// PageViews and Clicks on them; browse_ms = found_ms, of journeys that a power-off
	// ends the time to it, and of others that to their last Click or PageView. city is
	// that of the word with which it begins, page that of its first PageView (of several
	// in one millisecond the smallest of the smallest city), 0: none.
	FactJourney
	// FactPageLed: province, city, page. led_views = PageViews that led to a valid play:
	// the first valid play or Power after it, in the order of FactJourney, is a valid
	// play, at most JourneyMs after it and at most LedMs after the box left the page,
	// for that play or for another PageView. So a search counts whose result is played
	// from the page that shows it, and nothing on the way need name a content.
	FactPageLed
	// FactStandby: province, city: how boxes were before they came on. Of each
	// millisecond in which a box has Powers with On, the Power before it (of several in
	// one millisecond the one with On, else the greatest Cause; a power-off in that very
	// millisecond is before it), if it is a power-off at most StandbyMs earlier:
	// standbys and standby_ms count those with Cause standby and the time between,
	// offs and off_ms the others, all in the hour of the power-on and its greatest
	// City. What lasted longer, or whose power-off nobody told, is not known.
	FactStandby
	// FactAsset: province, city, mode, content, part, sight: who saw which parts of
	// what has a length. Of Views with Speed 100, a PositionMs and a LengthMs: in the
	// row with part 0 placed_ms = their overlap with the hour; in that with part k, 1 to
	// Parts, passed = 1 if in the hour one of them passed through the middle of that
	// part: the place (2k-1)/(2 Parts) of the LengthMs lies in what of its Stretch was
	// seen in the hour, the end excluded. sight names box, content and part: see
	// Shape.Counted. Counted by part it is the viewers who saw it, counted over parts
	// how many parts all viewers saw.
	FactAsset
	// FactLeft: province, city, mode, content, part. leaves = Views with a PositionMs and
	// a LengthMs whose End is known and not continue, in the part in which their Stretch
	// ended, as they went through it; at the end of the asset the last one.
	FactLeft
	// FactAgent: province, city, agent_version, box: which agents boxes ran. Of the
	// Powers with On and the Runnings with State AgentRuns of a box that name an Agent, the
	// latest in the hour says which, and where: by AtMs, then Boot, MonoMs, Agent, City.
	// ran = 1. So a box that tells many has one in an hour.
	FactAgent
	// FactUpdate: province, city, release, box: what became of updates of agents; release
	// is the Version of Runnings. fetched, taken, rolled_back and update_refused = 1 if the
	// box told State UpdateDownloaded, UpdateGood, UpdateRolledBack or UpdateRefused of it in
	// the hour, however often: after a crash it may be told twice. A row exists if any is
	// 1.
	FactUpdate
	// FactOrderLed: province, city, page, area, slot, content, product: the clicks before
	// what was ordered, in the hour of the click. Of each Order that is paid count the Clicks
	// of the same box and province that are not after it and at most CreditMs before it, for
	// each place by itself, which is a city, page, area, slot and content. led_orders = 1 in
	// the hour of the latest Click there that led to it: its Boot and Trace are those of the
	// Order, the Trace not 0; led_fen = its Fen. assisted = 1 in the hour of the latest Click
	// there of all, unless that is in the millisecond of the one that led. product is the
	// Order's. So a cell depends on what came at the same time or later alone.
	FactOrderLed

	// What follows is derived from the provinces' files, by day alone, when a
	// file is taken in; it has no hours and needs no closing.

	// FactAccounts: province, city, state, tenure. accounts = subscribers who are in
	// that state in the last millisecond of the day, for every day from the first to
	// the last that a full file or a file of changes of the province speaks of.
	// Days do not add up: a question asks for one day a span.
	FactAccounts
	// FactFlow: province, city, flow. flows = movements of that FlowKind, of
	// every kind but FlowNone, in the day in which they happened.
	FactFlow
	// FactBill: province, city, product, provider, pay, op. bill_orders = orders,
	// bill_fen = sum of their Fen, or of the product's price as known now where none
	// is told (c3.AtPrice), in the day of their AtMs. Refunds are an op of
	// their own: revenue is the fen of all other ops less theirs. city is where
	// the subscriber stood at that moment, 0 if it then had no standing; provider
	// that of the order, else that of the product as known now, else 0. share_fen =
	// the provider's part of the fen by the product's share as known now: of each
	// order rounded to a whole fen, half away from zero; 0 if no share is known.
	FactBill
	// FactBuyer: province, city, product, provider, account. buys = orders of
	// FactBill with Fen > 0 and op sub, renew or single; account is the subscriber,
	// under whatever number.
	FactBuyer
	// FactRenewal: province, product, provider. due = orders with op sub or renew of
	// products by the month or year whose ToMs falls into the day, and that were not
	// refunded; renewed = those of them that the same subscriber followed by another
	// such order of the product, neither refunded, later than it and at most
	// RenewalMs after its ToMs. Days after the latest file are due, not yet due.
	FactRenewal
	// FactReconcile: province, product, verdict. Orders as boxes tell them (Order
	// rows with Result paid or refunded, of several with one OrderID the first)
	// beside those of the provinces' files (all ops but unsub), joined by province,
	// number of the order and whether it is a refund: matches = pairs and single
	// ones, page_fen and carrier_fen what each side says. The day and product are the
	// file's, of what boxes alone tell theirs. Boxes' orders without a number
	// match nothing.
	FactReconcile
	// FactPresence: province, city, state, tenure, recency, silence: subscribers of
	// FactAccounts in StateActive and StateSuspended, for those of its days that are
	// over: before the latest day with a closed cell, and before today. What boxes
	// tell under an account belongs to the subscriber whose number that was at the
	// end of the day (see Lives). accounts = subscribers; reporting = those in
	// StateActive with events in the 30 days that end with the day; returned = those
	// in StateActive with a power-on in the day who were silent for SilentDays at the
	// end of the day before, and in StateActive without a break since. See Silence
	// and Recency.
	FactPresence
	// FactCohort: province, city, cohort, age: what became of those who opened in a
	// month. A subscriber is a member of the months of its flows of kind FlowNew,
	// where it stood then; cohort is the month (see MonthOf), age how many months
	// later it is looked at. Rows lie in the last day of the month looked at, if
	// files of the province speak of that day. members = members; retained = those
	// in StateActive in its last millisecond; observed = members if that day is over
	// (see FactPresence), else 0; engaged = of the observed those with a power-on in
	// the month.
	FactCohort

	Facts = 35
	// EventFacts is how many of them, the first, are derived from events.
	EventFacts = 27
)

// LedMs is how long after a click a play is credited to it.
const LedMs = 60_000

// CreditMs is how long before an order a click has a part in it.
const CreditMs = 30 * 60_000

// RenewalMs is how long after its end a subscription may be renewed.
const RenewalMs = 7 * aggregator.DayMs

// Reconciled says how an order told by a box and one of a file go together.
type Reconciled uint8

const (
	// ReconciledEqual: both are there with the same amount.
	ReconciledEqual Reconciled = 1 + iota
	// ReconciledDiffers: both are there, the amounts differ.
	ReconciledDiffers
	// ReconciledBoxOnly: no file has it (yet).
	ReconciledBoxOnly
	// ReconciledFileOnly: no box told of it, as of what is sold elsewhere.
	ReconciledFileOnly
)

// LostMost is how many events one row can say are lost, so that what hostile
// boxes claim adds up.
const LostMost = 1 << 32

// OnReachMs is how long before a word of a box it is known to be on. Agents cut
// what they tell of viewing every hour, so a box that shows something is silent
// for no longer.
const OnReachMs = 90 * 60_000

// ReachSeconds are the thresholds of reach, rising.
var ReachSeconds = [...]int64{5, 60, 180, 900}

// MaxReachMs is the last of them: how far before an hour its runs are looked at.
const MaxReachMs = 900_000

// MaxLag is how many TV days after a broadcast its catch-up counts.
const MaxLag = 7

// TVDay is the TV day of an hour: it begins at 02:00.
func TVDay(h aggregator.Hour) aggregator.Day { return (h - 2).Day() }

// VisitMs is how long a page may stand with somebody before it: how long one was
// looked at that stood longer nobody knows.
const VisitMs = 30 * 60_000

// BounceMs is how long a page must stand to be a page view that counts by the
// trade's rule; those left sooner are bounces.
const BounceMs = 1000

// JourneyMs is how long a journey may last: who has found nothing by then is not
// looking any more.
const JourneyMs = VisitMs

// StandbyMs is the longest standby that is known as one.
const StandbyMs = aggregator.DayMs

// Parts is how many parts of the length of an asset are told apart.
const Parts = 20

// CompleteParts is how many of its parts a viewer of the whole has seen: nine tenths.
const CompleteParts = 18

// SightKey names what one box saw of a content; with a part, that part of it.
func SightKey(box, content uint64, part int) uint64 { return box ^ content ^ uint64(part)<<56 }

// Origin says how a journey began.
type Origin uint8

const (
	// OriginPowerOn: the box was switched on.
	OriginPowerOn Origin = 1 + iota
	// OriginStandby: it left standby.
	OriginStandby
	// OriginViewing: something that was watched had ended.
	OriginViewing
)

// Column is a dimension of a fact.
type Column string

const (
	ColProvince Column = "province"
	ColCity     Column = "city"
	ColBox      Column = "box"
	ColPage     Column = "page"
	ColArea     Column = "area"
	ColSlot     Column = "slot"
	ColContent  Column = "content"
	ColMode     Column = "mode"
	ColChannel  Column = "channel"
	ColProduct  Column = "product"
	ColProvider Column = "provider"
	ColTemplate Column = "template"
	ColState    Column = "state" // c3.State
	ColFlow     Column = "flow"  // FlowKind
	ColPay      Column = "pay"   // c3.Pay
	ColOp       Column = "op"    // c3.OrderOp
	// ColAccount is a subscriber: store.Life.Root. Nobody may group by it for a
	// reader; it is there to be counted.
	ColAccount Column = "account"
	ColVerdict Column = "verdict" // Reconciled
	// ColFromPage is the page from which another was entered.
	ColFromPage Column = "from_page"

	// What a content is by its province's catalogue, as known when asked: of
	// every fact that has ColContent, in GroupBy and Filters. 0: unknown. See
	// TitleRow.
	ColGenre      Column = "genre"
	ColSubGenre   Column = "sub_genre"
	ColPlace      Column = "place"
	ColSeries     Column = "series"     // of an episode, or the series itself
	ColMaker      Column = "maker"      // the content provider
	ColDefinition Column = "definition" // 0 unknown, 1 SD, 2 HD, 3 4K

	// ColLength is the LengthClass of a content that is a programme.
	ColLength Column = "length"

	// When it was, of every fact, in GroupBy and Filters: made of the period, in
	// no fact's Dimensions. Not with Latest. ColHourOfDay, 0 to 23, of hours
	// alone; ColWeekday is 0 on Monday and 6 on Sunday.
	ColHourOfDay Column = "hour_of_day"
	ColWeekday   Column = "weekday"

	ColMinute    Column = "minute"    // of the civil day, from 0
	ColBroadcast Column = "broadcast" // key of the code of a Broadcast
	ColAired     Column = "aired"     // aggregator.Hour in which it began
	ColLag       Column = "lag"       // TV days after it, 0..MaxLag
	ColAiring    Column = "airing"    // channel and beginning: see AiringKey
	ColOrigin    Column = "origin"    // Origin
	ColPart      Column = "part"      // of an asset, 1..Parts; 0: none in particular
	ColSight     Column = "sight"     // SightKey
	// ColProgramme is the name of a broadcast's programme, as known when asked: of
	// every fact that has ColBroadcast, in GroupBy and Filters.
	ColProgramme Column = "programme"

	// ColModel is the model of a box as its identities told it, of several the one with
	// the greatest key; 0: none did. Facts with ColBox have it in GroupBy and Filters.
	ColModel Column = "model"

	ColTenure  Column = "tenure"     // Tenure
	ColRecency Column = "recency"    // Recency
	ColSilence Column = "silence"    // Silence
	ColCohort  Column = "cohort"     // month of opening, see MonthOf
	ColAge     Column = "age_months" // months since
	ColWhy     Column = "why"        // Invalid

	ColAgent   Column = "agent_version" // key of the text
	ColRelease Column = "release"       // number of an update [P-10.2]

	// ColPackage is a package that a province sells, of every fact that has ColContent, in
	// Filters alone: what lies in several would count in each group. A row is in a package
	// if its content or its channel is. Packages are live things of the province's
	// catalogue; a live mapping puts a live programme, series or channel into one, and an
	// episode is also where its series is: see TitleRow. A content is what has its code,
	// whichever of the three that is.
	ColPackage Column = "package"
)

// TimeColumns are those that a row's period answers.
var TimeColumns = []Column{ColHourOfDay, ColWeekday}

// ContentColumns are those that a catalogue answers, of a content or of what was
// broadcast.
var ContentColumns = []Column{ColGenre, ColSubGenre, ColPlace, ColSeries, ColMaker, ColDefinition, ColLength}

// Measure is a column of a fact that adds up.
type Measure string

const (
	MeasurePowerOns      Measure = "power_ons"
	MeasurePageViews     Measure = "page_views"
	MeasureClicks        Measure = "clicks"
	MeasureLed           Measure = "led"
	MeasurePlays         Measure = "plays"
	MeasureViewingMs     Measure = "viewing_ms"
	MeasureEvents        Measure = "events"
	MeasureOrderAttempts Measure = "order_attempts"
	MeasureOrders        Measure = "orders"
	MeasureFen           Measure = "fen"

	MeasureImpressions    Measure = "impressions"
	MeasureFocuses        Measure = "focuses"
	MeasureRenderedClicks Measure = "rendered_clicks"
	MeasureFocusClicks    Measure = "focus_clicks"
	MeasureOrderPages     Measure = "order_pages"
	MeasureMeasured       Measure = "measured"
	MeasureStarted        Measure = "started"
	MeasureStartMs        Measure = "start_ms"
	MeasureStalled        Measure = "stalled"
	MeasureStalls         Measure = "stalls"
	MeasureStallMs        Measure = "stall_ms"
	MeasureErrors         Measure = "errors"
	MeasureFailed         Measure = "failed"

	MeasureKept     Measure = "kept"
	MeasureSynced   Measure = "synced"
	MeasureUnsynced Measure = "unsynced"
	MeasureGaps     Measure = "gaps"
	MeasureToldLost Measure = "told_lost"
	MeasureThrown   Measure = "thrown"
	MeasureRepeats  Measure = "repeats"

	MeasureReach5   Measure = "reach_5"
	MeasureReach60  Measure = "reach_60"
	MeasureReach180 Measure = "reach_180"
	MeasureReach900 Measure = "reach_900"
	MeasureAudience Measure = "audience"
	MeasureTVMs     Measure = "tv_ms"
	MeasureAirings  Measure = "airings"
	MeasureAirMs    Measure = "air_ms"

	MeasureAccounts   Measure = "accounts"
	MeasureFlows      Measure = "flows"
	MeasureBillOrders Measure = "bill_orders"
	MeasureBillFen    Measure = "bill_fen"
	MeasureShareFen   Measure = "share_fen"
	MeasureBuys       Measure = "buys"
	MeasureDue        Measure = "due"
	MeasureRenewed    Measure = "renewed"
	MeasureMatches    Measure = "matches"
	MeasurePageFen    Measure = "page_fen"
	MeasureCarrierFen Measure = "carrier_fen"

	MeasureOnMs  Measure = "on_ms"
	MeasureWakes Measure = "wakes"

	MeasureVisits  Measure = "visits"
	MeasureStays   Measure = "stays"
	MeasureDwellMs Measure = "dwell_ms"
	MeasureBounces Measure = "bounces"
	MeasureSteps   Measure = "steps"

	MeasureReporting      Measure = "reporting"
	MeasureReturned       Measure = "returned"
	MeasureMembers        Measure = "members"
	MeasureRetained       Measure = "retained"
	MeasureObserved       Measure = "observed"
	MeasureEngaged        Measure = "engaged"
	MeasureEditedPlays    Measure = "edited_plays"
	MeasureEditedMs       Measure = "edited_ms"
	MeasureEditedReach5   Measure = "edited_reach_5"
	MeasureEditedReach60  Measure = "edited_reach_60"
	MeasureEditedReach180 Measure = "edited_reach_180"
	MeasureEditedReach900 Measure = "edited_reach_900"
	MeasureEditedAudience Measure = "edited_audience"
	MeasureEditedTVMs     Measure = "edited_tv_ms"
	MeasureDropped        Measure = "dropped"
	MeasureJourneys       Measure = "journeys"
	MeasureFound          Measure = "found"
	MeasureFoundMs        Measure = "found_ms"
	MeasureFoundPages     Measure = "found_pages"
	MeasureFoundClicks    Measure = "found_clicks"
	MeasureBrowseMs       Measure = "browse_ms"
	MeasureLedViews       Measure = "led_views"
	MeasureStandbys       Measure = "standbys"
	MeasureStandbyMs      Measure = "standby_ms"
	MeasureOffs           Measure = "offs"
	MeasureOffMs          Measure = "off_ms"
	MeasurePlacedMs       Measure = "placed_ms"
	MeasurePassed         Measure = "passed"
	MeasureLeaves         Measure = "leaves"

	MeasureRan           Measure = "ran"
	MeasureFetched       Measure = "fetched"
	MeasureTaken         Measure = "taken"
	MeasureRolledBack    Measure = "rolled_back"
	MeasureUpdateRefused Measure = "update_refused"

	MeasureLedOrders Measure = "led_orders"
	MeasureLedFen    Measure = "led_fen"
	MeasureAssisted  Measure = "assisted"
)

// Shape is the columns of a fact.
type Shape struct {
	Name       string // table name without _hour or _day
	Dimensions []Column
	Measures   []Measure
}

// Has reports whether a question may filter by a column, and, ColPackage apart, group
// by it.
func (s Shape) Has(c Column) bool {
	switch {
	case slices.Contains(s.Dimensions, c), slices.Contains(TimeColumns, c):
		return true
	case c == ColModel:
		return slices.Contains(s.Dimensions, ColBox)
	case slices.Contains(s.Dimensions, ColContent):
		return slices.Contains(ContentColumns, c) || c == ColPackage
	}
	return slices.Contains(s.Dimensions, ColBroadcast) && (c == ColProgramme || slices.Contains(ContentColumns, c))
}

// Counted is the column whose different values Value.DistinctBoxes counts: boxes,
// or accounts, airings or sights where a fact knows those; "": none.
func (s Shape) Counted() Column {
	for _, c := range []Column{ColBox, ColAccount, ColAiring, ColSight} {
		if slices.Contains(s.Dimensions, c) {
			return c
		}
	}
	return ""
}

// Reaches are the measures of ReachSeconds.
var Reaches = []Measure{MeasureReach5, MeasureReach60, MeasureReach180, MeasureReach900}

// EditedReaches are the same after the EditRules.
var EditedReaches = []Measure{MeasureEditedReach5, MeasureEditedReach60, MeasureEditedReach180, MeasureEditedReach900}

// ShapeOf returns the columns of f.
func ShapeOf(f Fact) Shape { return shapes[f] }

var shapes = [Facts]Shape{
	FactBox:   {"fact_box", []Column{ColProvince, ColCity, ColBox}, []Measure{MeasurePowerOns, MeasurePageViews, MeasureClicks, MeasurePlays, MeasureViewingMs, MeasureEvents}},
	FactPage:  {"fact_page", []Column{ColProvince, ColCity, ColPage}, []Measure{MeasurePageViews}},
	FactClick: {"fact_click", []Column{ColProvince, ColCity, ColPage, ColArea, ColSlot, ColContent}, []Measure{MeasureClicks, MeasureLed}},
	FactMode:  {"fact_mode", []Column{ColProvince, ColCity, ColMode, ColBox}, []Measure{MeasurePlays, MeasureViewingMs, MeasureEditedPlays, MeasureEditedMs}},
	FactView:  {"fact_view", []Column{ColProvince, ColCity, ColMode, ColChannel, ColContent}, []Measure{MeasurePlays, MeasureViewingMs, MeasureEditedPlays, MeasureEditedMs}},
	FactOrder: {"fact_order", []Column{ColProvince, ColCity, ColProduct, ColProvider}, []Measure{MeasureOrderAttempts, MeasureOrders, MeasureFen}},
	FactImpression: {"fact_impression", []Column{ColProvince, ColCity, ColPage, ColArea, ColSlot, ColContent, ColTemplate},
		[]Measure{MeasureImpressions, MeasureFocuses, MeasureRenderedClicks, MeasureFocusClicks}},
	FactOrderPage: {"fact_order_page", []Column{ColProvince, ColCity, ColPage, ColProduct, ColContent}, []Measure{MeasureOrderPages}},
	FactPlayback: {"fact_playback", []Column{ColProvince, ColCity, ColMode, ColChannel, ColContent},
		[]Measure{MeasureMeasured, MeasureStarted, MeasureStartMs, MeasureStalled, MeasureStalls, MeasureStallMs, MeasureErrors, MeasureFailed}},
	FactTrust: {"fact_trust", []Column{ColProvince, ColCity},
		[]Measure{MeasureKept, MeasureSynced, MeasureUnsynced, MeasureGaps, MeasureToldLost, MeasureThrown, MeasureRepeats}},
	FactOn:     {"fact_on", []Column{ColProvince, ColCity, ColBox}, []Measure{MeasureOnMs, MeasureWakes}},
	FactReach:  {"fact_reach", []Column{ColProvince, ColCity, ColMode, ColChannel, ColContent, ColBox}, slices.Concat(Reaches, EditedReaches)},
	FactMinute: {"fact_minute", []Column{ColProvince, ColMode, ColChannel, ColMinute}, []Measure{MeasureViewingMs, MeasureEditedMs}},
	FactBroadcast: {"fact_broadcast", []Column{ColProvince, ColCity, ColMode, ColChannel, ColBroadcast, ColAired, ColLag, ColBox},
		slices.Concat([]Measure{MeasureViewingMs, MeasureAudience}, Reaches, []Measure{MeasureEditedMs, MeasureEditedAudience}, EditedReaches)},
	FactAir:     {"fact_air", []Column{ColProvince, ColCity, ColChannel, ColBroadcast, ColAired, ColAiring}, []Measure{MeasureTVMs, MeasureAirings, MeasureAirMs, MeasureEditedTVMs}},
	FactVisit:   {"fact_visit", []Column{ColProvince, ColCity, ColPage, ColBox}, []Measure{MeasureVisits, MeasureStays, MeasureDwellMs, MeasureBounces}},
	FactPath:    {"fact_path", []Column{ColProvince, ColCity, ColFromPage, ColPage}, []Measure{MeasureSteps}},
	FactSeen:    {"fact_seen", []Column{ColProvince, ColAccount}, []Measure{MeasurePowerOns, MeasureEvents, MeasureMeasured, MeasureFailed}},
	FactInvalid: {"fact_invalid", []Column{ColProvince, ColCity, ColWhy, ColBox}, []Measure{MeasureDropped}},
	FactJourney: {"fact_journey", []Column{ColProvince, ColCity, ColOrigin, ColPage},
		[]Measure{MeasureJourneys, MeasureFound, MeasureFoundMs, MeasureFoundPages, MeasureFoundClicks, MeasureBrowseMs}},
	FactPageLed: {"fact_page_led", []Column{ColProvince, ColCity, ColPage}, []Measure{MeasureLedViews}},
	FactStandby: {"fact_standby", []Column{ColProvince, ColCity}, []Measure{MeasureStandbys, MeasureStandbyMs, MeasureOffs, MeasureOffMs}},
	FactAsset:   {"fact_asset", []Column{ColProvince, ColCity, ColMode, ColContent, ColPart, ColSight}, []Measure{MeasurePlacedMs, MeasurePassed}},
	FactLeft:    {"fact_left", []Column{ColProvince, ColCity, ColMode, ColContent, ColPart}, []Measure{MeasureLeaves}},
	FactAgent:   {"fact_agent", []Column{ColProvince, ColCity, ColAgent, ColBox}, []Measure{MeasureRan}},
	FactUpdate: {"fact_update", []Column{ColProvince, ColCity, ColRelease, ColBox},
		[]Measure{MeasureFetched, MeasureTaken, MeasureRolledBack, MeasureUpdateRefused}},
	FactOrderLed: {"fact_order_led", []Column{ColProvince, ColCity, ColPage, ColArea, ColSlot, ColContent, ColProduct},
		[]Measure{MeasureLedOrders, MeasureLedFen, MeasureAssisted}},
	FactAccounts:  {"fact_accounts", []Column{ColProvince, ColCity, ColState, ColTenure}, []Measure{MeasureAccounts}},
	FactFlow:      {"fact_flow", []Column{ColProvince, ColCity, ColFlow}, []Measure{MeasureFlows}},
	FactBill:      {"fact_bill", []Column{ColProvince, ColCity, ColProduct, ColProvider, ColPay, ColOp}, []Measure{MeasureBillOrders, MeasureBillFen, MeasureShareFen}},
	FactBuyer:     {"fact_buyer", []Column{ColProvince, ColCity, ColProduct, ColProvider, ColAccount}, []Measure{MeasureBuys}},
	FactRenewal:   {"fact_renewal", []Column{ColProvince, ColProduct, ColProvider}, []Measure{MeasureDue, MeasureRenewed}},
	FactReconcile: {"fact_reconcile", []Column{ColProvince, ColProduct, ColVerdict}, []Measure{MeasureMatches, MeasurePageFen, MeasureCarrierFen}},
	FactPresence: {"fact_presence", []Column{ColProvince, ColCity, ColState, ColTenure, ColRecency, ColSilence},
		[]Measure{MeasureAccounts, MeasureReporting, MeasureReturned}},
	FactCohort: {"fact_cohort", []Column{ColProvince, ColCity, ColCohort, ColAge},
		[]Measure{MeasureMembers, MeasureRetained, MeasureObserved, MeasureEngaged}},
}

// Span is a stretch of time, From inclusive, To exclusive, in hours or days as
// the query's grain says.
type Span struct{ From, To int32 }

// Query asks for sums and distinct counts over one fact.
type Query struct {
	Fact Fact
	// Hourly reads the hourly table and means Spans in aggregator.Hour; else
	// the daily one and aggregator.Day. Facts of files have no hours.
	Hourly bool
	// Aired means with Spans when the broadcast began, not when it was watched: of
	// facts with ColAired.
	Aired bool
	// Spans are the periods; they may overlap, a fact row counts in each span
	// that holds it. Row.Span is the index.
	Spans []Span
	// Latest reads of each span and province only the last day of which the fact
	// has rows, whatever Filters let through: a stock as last told. FactAccounts
	// and FactPresence alone have stocks.
	Latest bool
	// AllProvinces or Provinces is the reader's scope; it is applied before
	// grouping.
	AllProvinces bool
	Provinces    []aggregator.Province
	// Filters must all hold.
	Filters []Filter
	// Among, if it has columns, keeps rows whose values of them are one of its
	// tuples, or with Not none of them; without tuples it keeps none, or all.
	Among   Among
	GroupBy []Column
	Values  []Value
	// Limit, if > 0, keeps the rows with the greatest first value (ties: the
	// smaller group first), counted over all spans together.
	Limit int
}

// Filter keeps rows whose Column is one of In, or with Not none of In; an empty In
// keeps none, or all.
type Filter struct {
	Column Column
	In     []uint64
	Not    bool
}

// Keeps reports whether rows with value v pass.
func (f *Filter) Keeps(v uint64) bool { return slices.Contains(f.In, v) != f.Not }

// Among is a filter over several columns together.
type Among struct {
	Columns []Column
	In      [][]uint64 // as Columns
	Not     bool
}

// Value is one number asked for: the sum of Measure; or with DistinctBoxes how
// many different boxes, or what else the fact counts (Shape.Counted), have a row
// whose Measure is > 0; or with Squares, if > 0, the sum over boxes of the square
// of each box's sum, in units of Squares, rounded half up. The last two only in
// facts that count something. The unit must leave sums of squares below 2^63.
type Value struct {
	Measure       Measure
	DistinctBoxes bool
	Squares       int64
	// Count, if not 0, is another way to make a number of Measure; without the two
	// above.
	Count Counting
}

// ByBox reports whether the value needs to know boxes apart.
func (v Value) ByBox() bool { return v.DistinctBoxes || v.Squares > 0 }

// Row is one group of the answer. Groups in which all values are 0 may be left
// out. Rows come by Span, then Group.
type Row struct {
	Span   int
	Group  []uint64 // as GroupBy
	Values []int64  // as Query.Values
}
