// What a page does not have.
export default {};
