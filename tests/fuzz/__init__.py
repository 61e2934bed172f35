"""Properties that hold for any input, each against an independent statement of what is right.

Few examples, always the same ones, run with the other tests; `make fuzz` runs a thousand new ones of each.

| property | test |
|---|---|
| words are those of jieba, in each mode | test_text.test_words_are_those_of_jieba |
| spans of words are the words, in order | test_text.test_spans_are_the_words |
| normalising twice changes nothing more | test_text.test_a_normalised_text_stays_as_it_is |
| texts come back as they are alone, in any container | test_text.test_a_text_does_not_depend_on_its_container |
| a row does not depend on other texts or their order | test_embedding.test_rows_do_not_depend_on_order_or_other_texts |
| a store gives and counts what a dict would | test_embedding.test_a_store_is_a_dict |
| popularity, item-kNN, transitions: naive loops | test_recommenders.test_click_models_are_their_loops |
| EASE: the closed form of the paper, dense and sparse | test_recommenders.test_ease_is_its_closed_form |
| content: cosines with the profile | test_recommenders.test_content_is_cosines_with_the_profile |
| hybrid: its formula | test_recommenders.test_composed_recommenders_are_their_formulas |
| lists are a stable sort of what is allowed | test_ranking.test_lists_are_a_stable_sort_of_what_is_allowed |
| shares of events add up to the score | test_ranking.test_shares_add_up_to_the_score |
| items added and removed: as a fresh fit says | test_ranking.test_items_added_and_removed_are_as_in_a_fresh_fit |
| the unit of weights changes no order | test_ranking.test_the_unit_of_the_weights_changes_no_order |
| an event counts once, whoever cuts the rows | test_events.test_an_event_counts_once |
| splitters keep the future, and cold items, out of training | test_events.test_splitters_keep_the_future_out |
| measures are their formulas | test_lists.test_measures_are_their_formulas |
| re-ranking takes the candidate of the largest gain | test_lists.test_rerankers_take_the_largest_gain |
| the k best labels are those of a sort | test_lists.test_labels_are_those_of_a_sort |
"""
