package indicator

import "slices"

// catalogue is every figure, in the order in which people read them.
var catalogue = editedFigures(timed(slices.Concat(
	activityFigures,
	epgFigures,
	viewingFigures,
	ordersFigures,
	playbackFigures,
	usersFigures,
	loyaltyFigures,
	billsFigures,
	qualityFigures,
	projectedFigures,
	ratingsFigures,
	journeysFigures,
	vodFigures,
)))
